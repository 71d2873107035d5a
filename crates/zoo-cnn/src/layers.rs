use burn::tensor::{
    Tensor,
    activation::{leaky_relu, silu, tanh},
    module::avg_pool2d,
    ops::{AvgPoolOptions, MaxPoolOptions},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{flatten, gelu, max_pool2d, relu};

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// max(x, 0.01 x).
    LeakyRelu,
    /// x Φ(x), the exact form with the error function.
    Gelu,
    /// x / (1 + exp(-x)).
    Silu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    pub(crate) fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => relu(x),
            Self::LeakyRelu => leaky_relu(x, 0.01),
            Self::Gelu => gelu(x),
            Self::Silu => silu(x),
            Self::Tanh => tanh(x),
        }
    }
}

/// How neighbouring pixels become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The largest.
    Max,
    /// Their mean.
    Average,
    /// No pooling: every pixel stays.
    None,
}

impl Pooling {
    /// Pools windows of `size` by `size` pixels that do not overlap.
    pub(crate) fn windows(self, x: Tensor<4>, size: usize) -> Tensor<4> {
        match self {
            Self::Max => max_pool2d(x, MaxPoolOptions::new([size, size])),
            Self::Average => avg_pool2d(x, AvgPoolOptions::new([size, size])),
            Self::None => x,
        }
    }

    /// Pools the whole image, `[batch, channels, height, width]` to `[batch, features]`.
    pub(crate) fn global(self, x: Tensor<4>) -> Tensor<2> {
        let pixels = |x: Tensor<4>| -> Tensor<3> { x.flatten(2, 3) };
        match self {
            Self::Max => pixels(x).max_dim(2).flatten(1, 2),
            Self::Average => pixels(x).mean_dim(2).flatten(1, 2),
            Self::None => flatten(x),
        }
    }
}
