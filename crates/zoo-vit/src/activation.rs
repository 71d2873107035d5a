use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{gelu, gelu_tanh, quick_gelu, relu, silu};

/// What bends the hidden features of an MLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x Φ(x): the exact GELU, as in the paper.
    #[default]
    Gelu,
    /// GELU approximated by tanh, as JAX has it by default.
    GeluTanh,
    /// GELU approximated by the sigmoid: x σ(1.702 x), as in CLIP.
    QuickGelu,
    /// max(0, x).
    Relu,
    /// x σ(x).
    Silu,
}

impl Activation {
    pub(crate) fn forward<const D: usize>(self, features: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => gelu(features),
            Self::GeluTanh => gelu_tanh(features),
            Self::QuickGelu => quick_gelu(features),
            Self::Relu => relu(features),
            Self::Silu => silu(features),
        }
    }
}
