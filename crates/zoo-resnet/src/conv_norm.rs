use burn::{
    module::{Initializer, Module},
    nn::PaddingConfig2d,
    tensor::{Device, Tensor},
};
use zoo_kernels::nn::{BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, conv_norm_relu};

/// A convolution without bias and the normalisation behind it.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution; a bias would be taken away again with the mean.
    pub conv: Conv2d,
    /// The normalisation.
    pub norm: BatchNorm,
}

impl ConvNorm {
    /// With weights from N(0, 2 / (outputs of a pixel)), after He et al.
    /// (<https://arxiv.org/abs/1502.01852>), as torchvision and timm draw them.
    pub(crate) fn new(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Self {
        let padding = kernel / 2;
        let conv = Conv2dConfig::new(channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .with_bias(false)
            .with_initializer(Initializer::KaimingNormal { gain: 2f64.sqrt(), fan_out_only: true })
            .init(device);
        Self { conv, norm: BatchNormConfig::new(channels[1]).init(device) }
    }

    pub(crate) fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        conv_norm_relu(&self.conv, &self.norm, x)
    }
}
