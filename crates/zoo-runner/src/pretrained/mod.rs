//! Weights that the world already has: in from other libraries, adapted to other data, and out again.
//!
//! [`import()`] reads a file: `source` its tensors, `layout` the names of the library that wrote
//! it, `infer` the network's sizes from their shapes. [`adapt`] puts weights into a network for
//! other data. [`export()`] goes the way back. How they are trained on is
//! [`fine_tune`](crate::training::fine_tune).

pub mod adapt;
mod assume;
mod describe;
mod export;
mod hub;
mod import;
mod infer;
mod layout;
mod locate;
mod pickle;
mod positions;
mod report;
mod sidecar;
mod source;
mod start;

#[cfg(test)]
mod tests;

pub use export::{Exported, export};
pub use hub::Published;
pub use import::{ImportOptions, Pretrained, import};
pub use report::ImportReport;
pub use source::Lazy;
