use burn::{
    config::Config,
    module::Module,
    nn::PaddingConfig2d,
    tensor::{Tensor, module, ops::MaxPoolOptions},
};

use super::padding::pairs;
#[cfg(feature = "flex")]
use crate::flex::{Kernels, LARGEST_WINDOW, PoolShape, applies};

/// Windows of a [`MaxPool2d`]; Burn's [`MaxPool2dConfig`](burn::nn::pool::MaxPool2dConfig).
#[derive(Config, Debug)]
pub struct MaxPool2dConfig {
    /// Rows and columns of a window.
    pub kernel_size: [usize; 2],
    /// Rows and columns from one window to the next.
    #[config(default = "kernel_size")]
    pub strides: [usize; 2],
    /// Pixels round the image that never win.
    #[config(default = "PaddingConfig2d::Valid")]
    pub padding: PaddingConfig2d,
    /// Distance of neighbours in a window. Other than 1, the pooling is Burn's.
    #[config(default = "[1, 1]")]
    pub dilation: [usize; 2],
    /// Whether the last window may reach over the edge. If so, the pooling is Burn's.
    #[config(default = "false")]
    pub ceil_mode: bool,
}

/// Takes the largest value of each window.
#[derive(Module, Debug)]
pub struct MaxPool2d {
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Rows and columns of a window.
    pub kernel_size: [usize; 2],
    /// Pixels round the image that never win.
    #[module(skip)]
    pub padding: PaddingConfig2d,
    /// Distance of neighbours in a window.
    pub dilation: [usize; 2],
    /// Whether the last window may reach over the edge.
    pub ceil_mode: bool,
}

impl MaxPool2dConfig {
    /// The layer.
    pub fn init(&self) -> MaxPool2d {
        MaxPool2d {
            stride: self.strides,
            kernel_size: self.kernel_size,
            padding: self.padding.clone(),
            dilation: self.dilation,
            ceil_mode: self.ceil_mode,
        }
    }
}

impl MaxPool2d {
    /// Pools images.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height_in, width_in]`
    /// - returns: `[batch, channels, height_out, width_out]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = input.dims();
        max_pool2d(input, self.options([height, width]))
    }

    fn options(&self, size: [usize; 2]) -> MaxPoolOptions<2> {
        let [rows, columns] = pairs(&self.padding, size, self.kernel_size, self.stride);
        MaxPoolOptions::new(self.kernel_size)
            .with_stride(self.stride)
            .with_padding_pairs([rows, columns])
            .with_dilation(self.dilation)
            .with_ceil_mode(self.ceil_mode)
    }

    /// What the kernels have to know of it for images of this size; none if it is not for them.
    #[cfg(feature = "flex")]
    pub(super) fn windows(&self, size: [usize; 2]) -> Option<PoolShape> {
        windows(&self.options(size))
    }
}

/// [`MaxPool2d`] as a function; Burn's [`max_pool2d`](module::max_pool2d).
pub fn max_pool2d(input: Tensor<4>, options: MaxPoolOptions<2>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(shape) = windows(&options).filter(|_| applies(&input)) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_max_pool2d(
            input.into_dispatch(),
            shape,
        ));
    }
    module::max_pool2d(input, options)
}

#[cfg(feature = "flex")]
fn windows(options: &MaxPoolOptions<2>) -> Option<PoolShape> {
    let MaxPoolOptions { kernel_size: kernel, stride, padding, .. } = *options;
    let is_plain = options.dilation == [1, 1] && !options.ceil_mode;
    let is_small = kernel[0] * kernel[1] <= LARGEST_WINDOW;
    (is_plain && is_small).then_some(PoolShape { kernel, stride, padding })
}
