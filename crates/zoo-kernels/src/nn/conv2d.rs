use burn::{
    config::Config,
    module::{Initializer, Module, Param},
    nn::{PaddingConfig2d, conv},
    tensor::{Device, Tensor, module::conv2d, ops::ConvOptions},
};

use super::{
    narrow::{narrow, widen},
    padding::pairs,
};
#[cfg(feature = "flex")]
use crate::flex::{ConvShape, Kernels, applies};

/// Sizes of a [`Conv2d`]; Burn's [`Conv2dConfig`](conv::Conv2dConfig).
#[derive(Config, Debug)]
pub struct Conv2dConfig {
    /// Channels of input and output.
    pub channels: [usize; 2],
    /// Rows and columns of the kernel.
    pub kernel_size: [usize; 2],
    /// Rows and columns from one window to the next.
    #[config(default = "[1, 1]")]
    pub stride: [usize; 2],
    /// Distance of neighbours in the kernel. Other than 1, the convolution is Burn's.
    #[config(default = "[1, 1]")]
    pub dilation: [usize; 2],
    /// Parts into which the channels are cut.
    #[config(default = "1")]
    pub groups: usize,
    /// Zeros round the image.
    #[config(default = "PaddingConfig2d::Valid")]
    pub padding: PaddingConfig2d,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// How weights and bias start.
    #[config(
        default = "Initializer::KaimingUniform { gain: 1.0 / 3.0f64.sqrt(), fan_out_only: false }"
    )]
    pub initializer: Initializer,
}

/// Two-dimensional convolution.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[channels_out, channels_in / groups, rows, columns]`.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Rows and columns of the kernel.
    pub kernel_size: [usize; 2],
    /// Distance of neighbours in the kernel.
    pub dilation: [usize; 2],
    /// Parts into which the channels are cut.
    pub groups: usize,
    /// Zeros round the image.
    #[module(skip)]
    pub padding: PaddingConfig2d,
}

impl Conv2dConfig {
    /// A layer with fresh weights on `device`.
    ///
    /// # Panics
    /// If the channels do not go into the groups.
    pub fn init(&self, device: &Device) -> Conv2d {
        conv::Conv2dConfig {
            channels: self.channels,
            kernel_size: self.kernel_size,
            stride: self.stride,
            dilation: self.dilation,
            groups: self.groups,
            padding: self.padding.clone(),
            bias: self.bias,
            initializer: self.initializer.clone(),
        }
        .init(device)
        .into()
    }
}

impl From<conv::Conv2d> for Conv2d {
    fn from(layer: conv::Conv2d) -> Self {
        Self {
            weight: layer.weight,
            bias: layer.bias,
            stride: layer.stride,
            kernel_size: layer.kernel_size,
            dilation: layer.dilation,
            groups: layer.groups,
            padding: layer.padding,
        }
    }
}

impl Conv2d {
    /// Convolves images.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height_in, width_in]`
    /// - returns: `[batch, channels_out, height_out, width_out]`
    ///
    /// # Panics
    /// If the channels are others or the kernel does not fit the padded image.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = input.dims();
        let [rows, columns] = pairs(&self.padding, [height, width], self.kernel_size, self.stride);
        let weight = self.weight.val();
        let bias = self.bias.as_ref().map(|bias| bias.val());
        #[cfg(feature = "flex")]
        if self.dilation == [1, 1] && applies(&input) && applies(&weight) {
            let [features, ..] = weight.dims();
            let bias = bias.unwrap_or_else(|| Tensor::zeros([features], &input.device()));
            let shape =
                ConvShape { stride: self.stride, padding: [rows, columns], groups: self.groups };
            return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_conv2d(
                input.into_dispatch(),
                weight.into_dispatch(),
                bias.into_dispatch(),
                shape,
                crate::Precision::current(),
            ));
        }
        if self.tiles([height, width], [rows, columns]) {
            return product_of_tiles(input, weight, bias);
        }
        let options =
            ConvOptions::new_with_padding(self.stride, [rows, columns], self.dilation, self.groups);
        widen(conv2d(narrow(input), narrow(weight), bias.map(narrow), options))
    }

    /// Whether the kernels apply, and no gradient is asked for. Images of a training may be on the plain
    /// device, where only the weights are tracked.
    #[cfg(feature = "flex")]
    pub(super) fn infers(&self, images: &Tensor<4>) -> bool {
        let weight = self.weight.val();
        let is_tracked = images.device().is_autodiff() || weight.device().is_autodiff();
        self.dilation == [1, 1] && applies(images) && applies(&weight) && !is_tracked
    }

    /// What the kernels have to know of it for images of this size.
    #[cfg(feature = "flex")]
    pub(super) fn shape(&self, size: [usize; 2]) -> ConvShape {
        let padding = pairs(&self.padding, size, self.kernel_size, self.stride);
        ConvShape { stride: self.stride, padding, groups: self.groups }
    }

    /// Rows and columns of what it makes of images of this size.
    #[cfg(feature = "flex")]
    pub(super) fn output(&self, size: [usize; 2]) -> [usize; 2] {
        let padding = pairs(&self.padding, size, self.kernel_size, self.stride);
        [0, 1].map(|axis| {
            let padded = size[axis] + padding[axis].0 + padding[axis].1;
            padded.saturating_sub(self.kernel_size[axis]) / self.stride[axis] + 1
        })
    }

    /// Whether the windows lie side by side and fill the image, as a ViT's patches do.
    fn tiles(&self, image: [usize; 2], padding: [(usize, usize); 2]) -> bool {
        self.stride == self.kernel_size
            && padding == [(0, 0); 2]
            && self.dilation == [1, 1]
            && self.groups == 1
            && (0..2).all(|axis| image[axis].is_multiple_of(self.kernel_size[axis]))
    }
}

/// The convolution of windows that fill the image side by side, as one matrix product: GPUs are
/// quicker at it, and its gradients are sums of fewer terms than a convolution's.
fn product_of_tiles(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
    let [batch, _, height, width] = input.dims();
    let [features, channels, rows, columns] = weight.dims();
    let [down, across] = [height / rows, width / columns];
    let terms = channels * rows * columns;
    let tiles: Tensor<2> = input
        .reshape([batch, channels, down, rows, across, columns])
        .permute([0, 2, 4, 1, 3, 5])
        .reshape([batch * down * across, terms]);
    let weight = narrow(weight.reshape([features, terms])).transpose();
    let mut output = widen(narrow(tiles).matmul(weight));
    if let Some(bias) = bias {
        output = output + bias.unsqueeze();
    }
    output.reshape([batch, down, across, features]).permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    #[test]
    fn windows_side_by_side_are_a_matrix_product() {
        let device = Device::flex();
        let image: Vec<f32> = (0..16).map(|pixel| pixel as f32).collect();
        let input = Tensor::<4>::from_data(TensorData::new(image, [1, 1, 4, 4]), &device);
        let weight = Tensor::<4>::from_data(
            TensorData::new(vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [2, 1, 2, 2]),
            &device,
        );
        let bias = Tensor::<1>::from_data([0.0, 1.0], &device);
        let output = product_of_tiles(input, weight, Some(bias));
        assert_eq!(output.dims(), [1, 2, 2, 2]);
        assert_eq!(
            output.into_data().try_to_vec::<f32>().unwrap(),
            [0.0, 2.0, 8.0, 10.0, 11.0, 19.0, 43.0, 51.0]
        );
    }

    #[test]
    fn only_windows_that_fill_the_image_side_by_side_are_tiles() {
        let device = Device::flex();
        let layer = |stride| Conv2dConfig::new([3, 4], [2, 2]).with_stride(stride).init(&device);
        assert!(layer([2, 2]).tiles([4, 6], [(0, 0); 2]));
        assert!(!layer([2, 2]).tiles([4, 5], [(0, 0); 2]));
        assert!(!layer([2, 2]).tiles([4, 6], [(0, 0), (1, 1)]));
        assert!(!layer([1, 1]).tiles([4, 6], [(0, 0); 2]));
    }
}
