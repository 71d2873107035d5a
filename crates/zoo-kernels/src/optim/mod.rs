//! Optimizers that on Flex update parameter and state in place.

mod adamw;
mod sgd;

pub(crate) use adamw::AdamWStep;
pub use adamw::{AdamW, AdamWConfig};
pub(crate) use sgd::SgdStep;
pub use sgd::{Sgd, SgdConfig, SgdState};
