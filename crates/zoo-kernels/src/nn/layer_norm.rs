use burn::{
    config::Config,
    module::{Module, Param},
    nn,
    tensor::{Device, Tensor, assert_shape},
};

#[cfg(feature = "flex")]
use crate::flex::{Kernels, applies};

/// Sizes of a [`LayerNorm`]; Burn's [`LayerNormConfig`](nn::LayerNormConfig).
#[derive(Config, Debug)]
pub struct LayerNormConfig {
    /// Features of the input.
    pub d_model: usize,
    /// Added to the variance.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Whether beta is added.
    #[config(default = true)]
    pub bias: bool,
}

/// [Layer normalisation](https://arxiv.org/abs/1607.06450) of the last dimension.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Factor of each feature.
    pub gamma: Param<Tensor<1>>,
    /// Addend of each feature.
    pub beta: Option<Param<Tensor<1>>>,
    epsilon: f64,
}

impl LayerNormConfig {
    /// A layer with gamma 1 and beta 0 on `device`.
    pub fn init(&self, device: &Device) -> LayerNorm {
        let layer = nn::LayerNormConfig::new(self.d_model).with_bias(self.bias).init(device);
        LayerNorm { gamma: layer.gamma, beta: layer.beta, epsilon: self.epsilon }
    }
}

impl LayerNorm {
    /// Normalises the last dimension.
    ///
    /// # Shapes
    /// - input: `[..., d_model]`
    /// - returns: the same
    ///
    /// # Panics
    /// If the last dimension is another.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let [d_model] = self.gamma.shape().dims();
        assert_shape!(input, [.., d_model]);
        #[cfg(feature = "flex")]
        if applies(&input) {
            let beta = match &self.beta {
                Some(beta) => beta.val(),
                None => Tensor::zeros([d_model], &input.device()),
            };
            return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_layer_norm(
                input.into_dispatch(),
                self.gamma.val().into_dispatch(),
                beta.into_dispatch(),
                self.epsilon,
            ));
        }
        self.plain(input)
    }

    /// Burn's own layer. It alone knows which types it widens.
    fn plain<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let [d_model] = self.gamma.shape().dims();
        let mut layer = nn::LayerNormConfig::new(d_model)
            .with_epsilon(self.epsilon)
            .with_bias(self.beta.is_some())
            .init(&input.device());
        layer.gamma = self.gamma.clone();
        layer.beta = self.beta.clone();
        layer.forward(input)
    }
}
