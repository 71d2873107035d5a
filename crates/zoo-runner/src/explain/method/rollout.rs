//! Attention rollout: Abnar and Zuidema 2020, <https://arxiv.org/abs/2005.00928>.

use super::{
    Method,
    attention::{left_out, of_patches},
};
use crate::explain::{Figure, HeatMap, Layer};

/// The part of a token that a block hands on past its attention.
const RESIDUAL: f32 = 0.5;

pub(super) static METHOD: Method = Method {
    name: "rollout",
    title: "Attention through all blocks",
    about: "What a patch passes on in the last block is already a mixture of what it took before. \
            Attention rollout follows this mixing from the first block to the last. In each block, \
            half of a token is assumed to stay, and the heads count equally. It shows from which \
            pixels information can have come, not whether it spoke for the class.",
    lacks: super::attention,
    figures: |subject| {
        let heat = rollout(&subject.record.attention);
        let caption = format!(
            "the mixing of all blocks, multiplied together; half of each token stays in each block{}",
            subject.record.attention.first().map(left_out).unwrap_or_default()
        );
        Ok(vec![Figure::picture("", &heat.over(&subject.image), caption)])
    },
    heat: Some(|subject| Ok(rollout(&subject.record.attention))),
    ..Method::PLAIN
};

/// How much of each patch has reached the class token, or all patches on average without one.
///
/// `layers`: the attention of each block, from the first.
///
/// # Panics
///
/// If there is none.
pub fn rollout(layers: &[Layer]) -> HeatMap {
    let tokens = layers[0].shape[1];
    let mut mixed = identity(tokens);
    for layer in layers {
        let heads = layer.shape[0] as f32;
        let mut step = identity(tokens);
        step.iter_mut().for_each(|value| *value *= RESIDUAL);
        for head in layer.values.chunks(tokens * tokens) {
            let weights = step.iter_mut().zip(head);
            weights.for_each(|(value, weight)| *value += (1.0 - RESIDUAL) * weight / heads);
        }
        mixed = product(&step, &mixed, tokens);
    }
    of_patches(&mixed, layers[0].registers)
}

fn identity(size: usize) -> Vec<f32> {
    (0..size * size).map(|place| f32::from(u8::from(place % (size + 1) == 0))).collect()
}

/// The product of two square matrices.
fn product(a: &[f32], b: &[f32], size: usize) -> Vec<f32> {
    let mut product = vec![0.0; size * size];
    for (row, a) in product.chunks_mut(size).zip(a.chunks(size)) {
        for (factor, b) in a.iter().zip(b.chunks(size)) {
            row.iter_mut().zip(b).for_each(|(sum, value)| *sum += factor * value);
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_followed_through_two_blocks() {
        // Of five tokens the class token takes all from the first patch, which took all from the last.
        let mut first = identity(5);
        first[5..10].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 1.0]);
        let mut second = identity(5);
        second[..5].copy_from_slice(&[0.0, 1.0, 0.0, 0.0, 0.0]);
        let layer =
            |values| Layer { name: String::new(), shape: vec![1, 5, 5], values, registers: 0 };
        let heat = rollout(&[layer(first), layer(second)]);
        assert_eq!(heat.values, [0.25, 0.0, 0.0, 0.25]);
    }
}
