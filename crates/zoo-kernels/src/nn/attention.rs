use burn::tensor::Tensor;

use super::{
    narrow::{narrow, widen},
    softmax,
};
#[cfg(feature = "flex")]
use crate::flex::{Kernels, applies};

/// Scaled dot-product attention, softmax(q kᵀ / sqrt(width)) v, after [Vaswani et al.](https://arxiv.org/abs/1706.03762)
///
/// # Shapes
/// - query: `[batch, num_heads, queries, width]`
/// - key: `[batch, num_heads, keys, width]`
/// - value: `[batch, num_heads, keys, depth]`
/// - returns: `[batch, num_heads, queries, depth]`
///
/// # Panics
/// If the shapes do not fit each other.
pub fn attention(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if applies(&query) && applies(&key) && applies(&value) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_attention(
            query.into_dispatch(),
            key.into_dispatch(),
            value.into_dispatch(),
            crate::Precision::current(),
        ));
    }
    let [_, _, _, width] = query.dims();
    let scale = 1.0 / (width as f64).sqrt();
    let scores = widen(narrow(query.mul_scalar(scale)).matmul(narrow(key).transpose()));
    widen(narrow(softmax(scores, 3)).matmul(narrow(value)))
}

/// [`attention`] of tokens to each other, from one layer's output for queries, keys and values
/// together.
///
/// # Shapes
/// - input: `[batch, tokens, 3 * num_heads * width]`: the queries of all heads, then the keys, then
///   the values
/// - returns: `[batch, tokens, num_heads * width]`
///
/// # Panics
/// If the features are not a multiple of `3 * num_heads`.
pub fn self_attention(input: Tensor<3>, num_heads: usize) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if applies(&input) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_self_attention(
            input.into_dispatch(),
            num_heads,
            crate::Precision::current(),
        ));
    }
    let [batch, tokens, features] = input.dims();
    assert_eq!(
        features % (3 * num_heads),
        0,
        "{features} features are not 3 times {num_heads} heads"
    );
    let width = features / (3 * num_heads);
    let parts: Tensor<5> =
        input.reshape([batch, tokens, 3, num_heads, width]).permute([2, 0, 3, 1, 4]);
    let part = |index: usize| -> Tensor<4> {
        let part = parts.clone().narrow(0, index, 1);
        part.squeeze_dim(0)
    };
    let output = attention(part(0), part(1), part(2));
    output.swap_dims(1, 2).reshape([batch, tokens, num_heads * width])
}
