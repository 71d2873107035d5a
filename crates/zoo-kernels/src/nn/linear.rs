use burn::{
    config::Config,
    module::{Initializer, Module, Param},
    nn,
    tensor::{Device, Tensor, assert_shape, module::linear},
};

use super::{
    held::weight_for,
    narrow::{narrow, widen},
};

#[cfg(feature = "flex")]
use crate::flex::{Kernels, applies, is_held};

/// Sizes of a [`Linear`]; Burn's [`LinearConfig`](nn::LinearConfig) with its row layout.
#[derive(Config, Debug)]
pub struct LinearConfig {
    /// Features of the input.
    pub d_input: usize,
    /// Features of the output.
    pub d_output: usize,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// How weights and bias start.
    #[config(
        default = "Initializer::KaimingUniform { gain: 1.0 / 3.0f64.sqrt(), fan_out_only: false }"
    )]
    pub initializer: Initializer,
}

/// input * weight + bias.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[d_input, d_output]`.
    pub weight: Param<Tensor<2>>,
    /// `[d_output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl LinearConfig {
    /// A layer with fresh weights on `device`.
    pub fn init(&self, device: &Device) -> Linear {
        nn::LinearConfig::new(self.d_input, self.d_output)
            .with_bias(self.bias)
            .with_initializer(self.initializer.clone())
            .init(device)
            .into()
    }
}

impl From<nn::Linear> for Linear {
    fn from(layer: nn::Linear) -> Self {
        Self { weight: layer.weight, bias: layer.bias }
    }
}

impl Linear {
    /// Applies the layer to the last dimension.
    ///
    /// # Shapes
    /// - input: `[..., d_input]`
    /// - returns: `[..., d_output]`
    ///
    /// # Panics
    /// If the last dimension is another.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let weight = weight_for(self.weight.val(), &input);
        let [d_input, _] = weight.dims();
        assert_shape!(input, [.., d_input]);
        let bias = self.bias.as_ref().map(|bias| bias.val());
        #[cfg(feature = "flex")]
        if applies(&input) && (applies(&weight) || is_held(&weight)) {
            let [_, d_output] = weight.dims();
            let bias = bias.unwrap_or_else(|| Tensor::zeros([d_output], &input.device()));
            return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_linear(
                input.into_dispatch(),
                weight.into_dispatch(),
                bias.into_dispatch(),
                crate::Precision::current(),
            ));
        }
        widen(linear(narrow(input), narrow(weight), bias.map(narrow)))
    }
}
