//! Fast layers, activations and optimizers for the CPU, with the same interface as Burn's.
//!
//! On Burn's Flex backend (feature `flex`) they call the kernels of this crate, forward and
//! backward; on every other backend, and without the feature, they are Burn's own operations. The
//! device of the tensor decides which, at run time. Field names, records and initial weights are
//! those of Burn's layers, so a model changes only its `use` lines:
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use zoo_kernels::nn::{Conv2d, Conv2dConfig, relu};
//!
//! let device = Device::flex();
//! let layer: Conv2d = Conv2dConfig::new([3, 8], [3, 3]).init(&device);
//! let images = Tensor::<4>::zeros([1, 3, 28, 28], &device);
//! assert_eq!(relu(layer.forward(images)).dims(), [1, 8, 26, 26]);
//! ```
//!
//! # Order in memory
//!
//! Images leave the kernels channels-last: the tensor's shape is `[batch, channels, height, width]`
//! as always, but its values lie in the order (batch, height, width, channel). All of Burn's
//! operations support this order; those of this crate are fast with it.
//!
//! # Same bits
//!
//! The kernels divide their work into parts of fixed size and add the parts up in a fixed order, so
//! their results do not depend on the number of threads. They do depend on the processor's vector
//! instructions, which the environment variable `ZOO_KERNELS_SIMD` can restrict (`avx512bf16`, which
//! leaves out AMX, `avx512`, which leaves out all 16-bit products, `avx2` or `plain`).
//!
//! # Mixed precision
//!
//! In the scope of [`Precision::Bf16`] the operands of linear layers, convolutions and attention are
//! rounded to bf16, forward and backward; all else is f32.

// The derive of RecordState looks for these at the root.
use burn::{
    optim::{RecordState, StateSink, StateSource},
    tensor::Device,
};

#[cfg(feature = "flex")]
mod flex;
pub mod nn;
pub mod optim;
mod precision;

pub use precision::{Precision, Scope};

/// Whether a device computes in the memory of the host, so that nothing has to travel to it: whether it
/// is one of Flex. `false` for all without the feature `flex`.
pub fn computes_on_host(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    return flex::is_flex(device);
    #[cfg(not(feature = "flex"))]
    return {
        let _ = device;
        false
    };
}
