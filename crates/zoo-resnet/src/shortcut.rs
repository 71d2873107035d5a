use burn::{
    module::Module,
    tensor::{Device, Tensor, module::avg_pool2d, ops::AvgPoolOptions, s},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::conv_norm;

use crate::conv_norm::ConvNorm;

/// How a block's input becomes of the size of its output, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// A 1 x 1 convolution with normalisation, at the block's stride: the paper's option B.
    Convolution,
    /// The mean of 2 x 2 windows instead of the stride, then the same convolution: that of ResNet-D
    /// (<https://arxiv.org/abs/1812.01187>), timm's `avg_down`.
    AveragePooling,
    /// Every second pixel, and channels of zeros, half of them before those that are there: the
    /// paper's option A, which has no weights.
    ZeroPadding,
}

/// The way around the convolutions of a block.
#[derive(Module, Debug)]
pub struct Path {
    /// The convolution and its normalisation, if there are weights.
    pub project: Option<ConvNorm>,
    /// Side and stride of the windows whose mean is taken; 1 takes none.
    pool_size: usize,
    /// Distance of the pixels that zeros are added to, and the channels after it.
    padded: Option<(usize, usize)>,
}

impl Path {
    /// From `input` channels to `output`, on images that the block divides by `stride`. `None` where
    /// the block changes neither.
    pub(crate) fn new(
        kind: Shortcut,
        [input, output]: [usize; 2],
        stride: usize,
        device: &Device,
    ) -> Option<Self> {
        if input == output && stride == 1 {
            return None;
        }
        let project = |stride| Some(ConvNorm::new([input, output], 1, stride, device));
        Some(match kind {
            Shortcut::Convolution => Self { project: project(stride), pool_size: 1, padded: None },
            Shortcut::AveragePooling => {
                Self { project: project(1), pool_size: stride, padded: None }
            }
            Shortcut::ZeroPadding => {
                Self { project: None, pool_size: 1, padded: Some((stride, output)) }
            }
        })
    }

    /// The input at the size of the block's output.
    ///
    /// # Shapes
    /// - x: `[batch, channels in, height, width]`
    /// - returns: `[batch, channels out, height / stride, width / stride]`, rounded up
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        if let Some((stride, channels)) = self.padded {
            return padded(x, stride as isize, channels);
        }
        let x = match self.pool_size {
            1 => x,
            size => avg_pool2d(x, windows(size)),
        };
        match &self.project {
            Some(project) => conv_norm(&project.conv, &project.norm, x),
            None => x,
        }
    }
}

/// Windows side by side; one that reaches over the edge is the mean of what it sees.
fn windows(size: usize) -> AvgPoolOptions<2> {
    AvgPoolOptions {
        ceil_mode: true,
        count_include_pad: false,
        ..AvgPoolOptions::new([size, size])
    }
}

/// Every `stride`th pixel, with channels of zeros before and after.
fn padded(x: Tensor<4>, stride: isize, channels: usize) -> Tensor<4> {
    let x = match stride {
        1 => x,
        stride => x.slice(s![.., .., 0..;stride, 0..;stride]),
    };
    let [batch, input, height, width] = x.dims();
    let added = (channels - input) / 2;
    if added == 0 {
        return x;
    }
    let zeros = Tensor::zeros([batch, added, height, width], (&x.device(), x.dtype()));
    Tensor::cat(vec![zeros.clone(), x, zeros], 1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    /// 2 channels of 3 x 3 px: 0 to 8, then 10 to 18.
    fn image(device: &Device) -> Tensor<4> {
        let pixels = (0..9).chain(10..19).map(|pixel| pixel as f32).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(pixels, [1, 2, 3, 3]), device)
    }

    #[test]
    fn zeros_surround_every_second_pixel() {
        let device = Device::flex();
        let path = Path::new(Shortcut::ZeroPadding, [2, 4], 2, &device).unwrap();
        let expected = [
            [[0.0f32, 0.0], [0.0, 0.0]],
            [[0.0, 2.0], [6.0, 8.0]],
            [[10.0, 12.0], [16.0, 18.0]],
            [[0.0, 0.0], [0.0, 0.0]],
        ];
        assert_eq!(path.forward(image(&device)).into_data(), TensorData::from([expected]));
    }

    #[test]
    fn the_mean_at_the_edge_is_of_what_is_there() {
        let pooled = avg_pool2d(image(&Device::flex()), windows(2));
        let expected = [[[2.0f32, 3.5], [6.5, 8.0]], [[12.0, 13.5], [16.5, 18.0]]];
        assert_eq!(pooled.into_data(), TensorData::from([expected]));
    }

    #[test]
    fn a_block_that_changes_no_size_needs_no_path() {
        let device = Device::flex();
        assert!(Path::new(Shortcut::Convolution, [4, 4], 1, &device).is_none());
        assert!(Path::new(Shortcut::Convolution, [4, 8], 1, &device).is_some());
        assert!(Path::new(Shortcut::Convolution, [4, 4], 2, &device).is_some());
    }
}
