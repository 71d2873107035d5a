use burn::tensor::Tensor;

use super::{Conv2d, MaxPool2d, relu};

/// [`relu`] of a convolution, in one pass where the kernels can: without gradients, each sum is cut off below 0
/// before it is stored.
///
/// # Shapes
/// - images: `[batch, channels_in, height_in, width_in]`
/// - returns: `[batch, channels_out, height_out, width_out]`
///
/// # Panics
/// As [`Conv2d::forward`].
pub fn conv_relu(conv: &Conv2d, images: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if conv.infers(&images) {
        return infer(conv, images, None);
    }
    relu(conv.forward(images))
}

/// `pool` of [`conv_relu`], in the same pass: each image is pooled while it is in the cache.
///
/// # Shapes
/// - images: `[batch, channels_in, height_in, width_in]`
/// - returns: `[batch, channels_out, height_out, width_out]`, of the size that the pooling leaves
///
/// # Panics
/// As [`Conv2d::forward`], and if a window is larger than what it pools.
pub fn conv_relu_pool(conv: &Conv2d, pool: &MaxPool2d, images: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if conv.infers(&images) {
        let [_, _, height, width] = images.dims();
        if let Some(windows) = pool.windows(conv.output([height, width])) {
            return infer(conv, images, Some(windows));
        }
    }
    pool.forward(conv_relu(conv, images))
}

#[cfg(feature = "flex")]
fn infer(conv: &Conv2d, images: Tensor<4>, windows: Option<crate::flex::PoolShape>) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let [features, ..] = conv.weight.dims();
    let bias = conv.bias.as_ref().map(|bias| bias.val());
    let bias = bias.unwrap_or_else(|| Tensor::zeros([features], &images.device()));
    let shapes = (conv.shape([height, width]), windows);
    crate::flex::conv_relu_infer([images, conv.weight.val()], bias, shapes)
}
