//! Optimizers that on Flex update parameter and state in place.

mod adamw;
mod sgd;

#[cfg(feature = "flex")]
pub(crate) use adamw::AdamWStep;
pub use adamw::{AdamW, AdamWConfig};
#[cfg(feature = "flex")]
pub(crate) use sgd::SgdStep;
pub use sgd::{Sgd, SgdConfig, SgdState};
