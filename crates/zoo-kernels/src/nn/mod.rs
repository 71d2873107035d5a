//! Layers and functions with the names, fields and records of Burn's.

mod activation;
mod attention;
mod batch_norm;
mod conv2d;
mod conv_norm;
mod conv_relu;
mod flatten;
mod held;
mod layer_norm;
mod linear;
mod local_response_norm;
mod max_pool2d;
mod mlp;
mod narrow;
mod padding;
mod residual;
mod statistics;
mod tap;

pub use activation::{Gelu, Relu, gelu, gelu_tanh, quick_gelu, relu, silu, softmax};
pub use attention::{attention, self_attention};
pub use batch_norm::{BatchNorm, BatchNormConfig};
pub use conv_norm::{conv_norm, conv_norm_add_relu, conv_norm_relu, conv_norm_relu_pool};
pub use conv_relu::{conv_relu, conv_relu_pool};
pub use conv2d::{Conv2d, Conv2dConfig};
pub use flatten::flatten;
pub use held::held_in;
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use linear::{Linear, LinearConfig};
pub use local_response_norm::{LocalResponseNorm, LocalResponseNormConfig};
pub use max_pool2d::{MaxPool2d, MaxPool2dConfig, max_pool2d};
pub use mlp::mlp;
pub use narrow::{amx_is_refused, bf16_instructions};
pub use residual::{add, add_scaled, fork};
pub use statistics::{BatchStatistic, moved, postponed};
pub use tap::Tap;
