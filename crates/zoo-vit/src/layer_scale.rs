use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use zoo_kernels::nn::add_scaled;

/// A learned factor for each feature of a branch: Touvron et al., "Going deeper with Image
/// Transformers" (<https://arxiv.org/abs/2103.17239>).
#[derive(Module, Debug)]
pub struct LayerScale {
    /// The factors, `[embed_dim]`.
    pub gamma: Param<Tensor<1>>,
}

impl LayerScale {
    /// Factors that all start at `value`.
    pub(crate) fn new(embed_dim: usize, value: f64, device: &Device) -> Self {
        Self { gamma: Initializer::Constant { value }.init([embed_dim], device) }
    }

    /// Scales a branch and adds it to what goes around it.
    ///
    /// # Shapes
    /// - around: `[batch, tokens, embed_dim]`
    /// - branch: the same
    /// - returns: the same
    pub fn add(&self, around: Tensor<3>, branch: Tensor<3>) -> Tensor<3> {
        add_scaled(around, branch, self.gamma.val())
    }
}
