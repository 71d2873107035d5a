//! What each head of a Vision Transformer looks at.

use zoo_data::Image;

use super::Method;
use crate::explain::{Figure, HeatMap, Layer, Subject, picture::mosaic};

pub(super) static METHOD: Method = Method {
    name: "attention",
    title: "Where each head looks",
    about: "In each block of a Vision Transformer, every patch queries all others and takes from \
            them in proportions that add up to 1. Several heads do this side by side, and each may \
            look for something else. The pictures show where the token that holds the answer takes \
            its information from: the class token, or, without one, the mean over all patches.",
    is_of_network: false,
    lacks: super::attention,
    figures: |subject| Ok(figures(subject)),
    heat: None,
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let layers = &subject.record.attention;
    let Some(last) = layers.last() else {
        return Vec::new();
    };
    let over = |map: HeatMap| map.over(&subject.image);
    let heads: Vec<Image> = (0..last.shape[0]).map(|head| over(seen(last, &[head]))).collect();
    let blocks: Vec<Image> = layers
        .iter()
        .map(|layer| over(seen(layer, &(0..layer.shape[0]).collect::<Vec<usize>>())))
        .collect();
    let order = "row by row";
    vec![
        Figure::picture(
            "heads",
            &mosaic(&heads),
            format!("the {} heads of the last block, {order}", heads.len()),
        ),
        Figure::picture(
            "blocks",
            &mosaic(&blocks),
            format!(
                "the mean over the heads in each of {} blocks, from the first, {order}",
                blocks.len()
            ),
        ),
    ]
}

/// How much the token that the answer is read from takes from each patch, in the mean of `heads`.
pub(super) fn seen(layer: &Layer, heads: &[usize]) -> HeatMap {
    let tokens = layer.shape[1];
    let mut mean = vec![0.0; tokens * tokens];
    for head in heads {
        let weights = &layer.values[head * tokens * tokens..][..tokens * tokens];
        mean.iter_mut()
            .zip(weights)
            .for_each(|(mean, weight)| *mean += weight / heads.len() as f32);
    }
    of_patches(&mean)
}

/// The row of the class token in a matrix of tokens by tokens, or the mean of all rows without one;
/// its places are the patches.
pub(super) fn of_patches(matrix: &[f32]) -> HeatMap {
    let tokens = matrix.len().isqrt();
    let side = tokens.isqrt();
    let first = tokens - side * side;
    let rows = if first > 0 { 1 } else { tokens };
    let column = |token: usize| {
        let values = matrix.iter().skip(token).step_by(tokens).take(rows);
        values.sum::<f32>() / rows as f32
    };
    HeatMap::new([side, side], (first..tokens).map(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_token_speaks_for_all_or_all_on_average() {
        let row = |start: f32| (0..5).map(move |value| start + value as f32);
        let with_class_token: Vec<f32> =
            (0..5).flat_map(|token| row(10.0 * token as f32)).collect();
        assert_eq!(of_patches(&with_class_token).values, [1.0, 2.0, 3.0, 4.0]);
        let without: Vec<f32> = (0..16).map(|value| value as f32).collect();
        assert_eq!(of_patches(&without).values, [6.0, 7.0, 8.0, 9.0]);
    }
}
