//! Weights that the world already has: in from other libraries, adapted to other data, and out again.
//!
//! [`import()`] reads a file: `source` its tensors, `layout` the names of the library that wrote
//! it, `sidecar` the files beside it; `entry` knows both for each model. [`adapt`] puts weights into a network for
//! other data. [`export()`] goes the way back. How they are trained on is
//! [`fine_tune`](zoo_training::fine_tune).

pub mod adapt;
mod assume;
mod beside_onnx;
mod catalogue;
mod describe;
mod entry;
mod export;
mod finite;
mod hub;
mod import;
mod layout;
mod locate;
mod open;
mod options;
mod pickle;
mod positions;
mod report;
mod settings;
mod sidecar;
mod source;
mod start;

#[cfg(test)]
mod tests;

pub use beside_onnx::beside_onnx;
pub use catalogue::{Accuracy, CATALOGUE, Weights};
pub use entry::libraries;
pub use export::{Exported, export};
pub use hub::Published;
pub use import::{Pretrained, import};
pub use open::open;
pub use options::ImportOptions;
pub use report::ImportReport;
pub use source::Lazy;
