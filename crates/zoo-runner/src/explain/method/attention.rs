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
    lacks: super::attention,
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
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
    let order = format!("row by row{}", left_out(last));
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
    of_patches(&mean, layer.registers)
}

/// The row of the class token in a matrix of tokens by tokens, or the mean of the patches' rows without
/// one; its places are the patches, without the registers.
pub(super) fn of_patches(matrix: &[f32], registers: usize) -> HeatMap {
    let tokens = matrix.len().isqrt();
    let side = (tokens - registers).isqrt();
    let first = tokens - side * side;
    let has_class_token = first > registers;
    let rows = if has_class_token { 0..1 } else { first..tokens };
    let column = |token: usize| {
        let values = rows.clone().map(|row| matrix[row * tokens + token]);
        values.sum::<f32>() / rows.len() as f32
    };
    HeatMap::new([side, side], (first..tokens).map(column))
}

/// What to say of the registers of a network that has some.
pub(super) fn left_out(layer: &Layer) -> String {
    match layer.registers {
        0 => String::new(),
        count => {
            format!("; the {count} registers, which show nothing of the picture, are left out")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_token_speaks_for_all_or_all_on_average() {
        let row = |start: f32| (0..5).map(move |value| start + value as f32);
        let with_class_token: Vec<f32> =
            (0..5).flat_map(|token| row(10.0 * token as f32)).collect();
        assert_eq!(of_patches(&with_class_token, 0).values, [1.0, 2.0, 3.0, 4.0]);
        let without: Vec<f32> = (0..16).map(|value| value as f32).collect();
        assert_eq!(of_patches(&without, 0).values, [6.0, 7.0, 8.0, 9.0]);
    }

    /// Nine tokens, which are no square of 3 by 3: a class token, four registers, and four patches; or
    /// five registers and four patches.
    #[test]
    fn registers_are_left_out() {
        let matrix: Vec<f32> = (0..81).map(|value| value as f32).collect();
        assert_eq!(of_patches(&matrix, 4).values, [5.0, 6.0, 7.0, 8.0]);
        let mean = |column: f32| (45.0 + 54.0 + 63.0 + 72.0) / 4.0 + column;
        assert_eq!(of_patches(&matrix, 5).values, [5.0, 6.0, 7.0, 8.0].map(mean));
        let layer = |registers| Layer {
            name: String::new(),
            shape: vec![1, 9, 9],
            values: matrix.clone(),
            registers,
        };
        assert_eq!(left_out(&layer(0)), "");
        assert_eq!(
            left_out(&layer(4)),
            "; the 4 registers, which show nothing of the picture, are left out"
        );
    }
}
