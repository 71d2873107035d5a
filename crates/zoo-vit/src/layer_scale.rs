use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};

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

    /// Scales a branch.
    ///
    /// # Shapes
    /// - branch: `[batch, tokens, embed_dim]`
    /// - returns: the same
    pub fn forward(&self, branch: Tensor<3>) -> Tensor<3> {
        branch * self.gamma.val().unsqueeze()
    }
}
