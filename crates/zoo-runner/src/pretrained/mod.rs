//! Weights that the world already has: in from other libraries, adapted to other data, and out again.
//!
//! [`import()`] reads a file: `source` its tensors, `layout` the names of the library that wrote
//! it, `infer` the network's sizes from their shapes. [`adapt`] puts weights into a network for
//! other data, `method` says how they are fitted to them. [`export()`] goes the way back.

pub mod adapt;
mod assume;
mod describe;
mod export;
mod features;
mod fine_tune;
mod hub;
mod import;
mod infer;
mod layout;
mod method;
mod pickle;
mod probe;
mod qkv;
mod report;
mod sidecar;
mod source;
mod start;

#[cfg(test)]
mod tests;

pub use export::{Exported, export};
pub use features::BeforeHead;
pub use fine_tune::{FineTuneConfig, Freeze, Freezing, Head, Thaw};
pub use hub::Published;
pub use import::{ImportOptions, Pretrained, import};
pub use method::{LoraConfig, Method};
pub use probe::Probe;
pub use report::ImportReport;
pub use source::Lazy;
