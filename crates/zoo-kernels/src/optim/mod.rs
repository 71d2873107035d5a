//! Optimizers that on Flex update parameter and state in place.

mod adamw;
mod sgd;

pub use adamw::{AdamW, AdamWConfig};
pub use sgd::{Sgd, SgdConfig, SgdState};
