//! Fast layers, activations and optimizers for the CPU, in the shape of Burn's own.
//!
//! On Burn's Flex backend (feature `flex`) they call the kernels of this crate, forward and
//! backward; on every other backend, and without the feature, they are Burn's own operations. Which
//! it is, is decided by the device of the tensor, when the program runs. Names of fields, records
//! and fresh weights are those of Burn's layers, so that a model changes its `use` lines only:
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
//! operations understand that; those of this crate are fast on it.
//!
//! # Same bits
//!
//! The kernels cut their work into parts of fixed size and add the parts up in a fixed order, so
//! that their results do not depend on the number of threads. They do depend on the processor's
//! vector instructions, which the environment variable `ZOO_KERNELS_SIMD` can hold back (`avx2` or
//! `plain`).

// The derive of RecordState looks for these at the root.
use burn::optim::{RecordState, StateSink, StateSource};

#[cfg(feature = "flex")]
mod flex;
pub mod nn;
pub mod optim;
