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
    /// x σ(x) of one half of the features, times the other half: Shazeer, "GLU Variants Improve
    /// Transformer" (<https://arxiv.org/abs/2002.05202>), as in DINOv2 g/14. The first layer of the
    /// MLP then gives twice `mlp_dim` features.
    #[serde(rename = "swiglu")]
    SwiGlu,
}

impl Activation {
    pub(crate) fn forward<const D: usize>(self, features: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => gelu(features),
            Self::GeluTanh => gelu_tanh(features),
            Self::QuickGelu => quick_gelu(features),
            Self::Relu => relu(features),
            Self::Silu => silu(features),
            Self::SwiGlu => {
                let half = features.dims()[D - 1] / 2;
                silu(features.clone().narrow(D - 1, 0, half)) * features.narrow(D - 1, half, half)
            }
        }
    }

    /// Features that the first layer of an MLP must give for each that the second one takes.
    pub(crate) fn inputs(self) -> usize {
        match self {
            Self::SwiGlu => 2,
            Self::Gelu | Self::GeluTanh | Self::QuickGelu | Self::Relu | Self::Silu => 1,
        }
    }
}
