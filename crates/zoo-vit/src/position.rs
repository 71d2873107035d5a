use burn::tensor::{Device, Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a token knows its position in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// A learned vector for each position, as in the paper.
    Learned,
    /// Sines and cosines of its row and column, which are fixed and not in the weights file: Beyer
    /// et al., "Better plain ViT baselines" (<https://arxiv.org/abs/2205.01580>), after MoCo v3. A
    /// class token has no position.
    SinCos,
}

/// Sines and cosines of the columns, then of the rows, of a square grid of tokens.
///
/// # Shapes
/// - returns: `[1, class_tokens + grid * grid, embed_dim]`, row by row, zeros for the class token
pub(crate) fn sin_cos(
    grid: usize,
    class_tokens: usize,
    embed_dim: usize,
    device: &Device,
) -> Tensor<3> {
    let quarter = embed_dim / 4;
    let frequency = |index: usize| 10_000f64.powf(-(index as f64) / (quarter - 1) as f64);
    let wave = |place: usize, function: fn(f64) -> f64| {
        (0..quarter).map(move |index| function(place as f64 * frequency(index)) as f32)
    };
    let mut values = vec![0f32; class_tokens * embed_dim];
    for row in 0..grid {
        for column in 0..grid {
            values.extend(wave(column, f64::sin));
            values.extend(wave(column, f64::cos));
            values.extend(wave(row, f64::sin));
            values.extend(wave(row, f64::cos));
        }
    }
    let shape = [1, class_tokens + grid * grid, embed_dim];
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tolerance;

    use super::*;

    /// With 8 features there are two frequencies, 1 and 1/10000.
    #[test]
    fn columns_come_before_rows() {
        let positions = sin_cos(2, 1, 8, &Device::flex());
        let (sin, cos, slow) = (0.841_471f32, 0.540_302f32, 0.0001f32);
        let expected = TensorData::from([[
            [0.0; 8],
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0],
            [sin, slow, cos, 1.0, 0.0, 0.0, 1.0, 1.0],
            [0.0, 0.0, 1.0, 1.0, sin, slow, cos, 1.0],
            [sin, slow, cos, 1.0, sin, slow, cos, 1.0],
        ]]);
        positions.into_data().assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
    }
}
