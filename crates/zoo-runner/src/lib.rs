//! Trains, evaluates, compares and explains any model of the zoo from a JSON config.
//!
//! The binary `zoo` is a thin shell around this crate: [`cli`] has one file per verb.

pub mod backend;
pub mod bench;
pub mod case;
mod classes;
pub mod cli;
pub mod compare;
pub mod config;
pub mod curves;
pub mod download;
mod error;
pub mod evaluation;
pub mod explain;
mod image_check;
pub mod job;
#[cfg(feature = "serve")]
pub mod lab;
mod machine;
pub mod manifest;
pub mod onnx;
mod overwrite;
pub mod parity;
pub mod pretrained;
pub mod report;
#[cfg(feature = "serve")]
pub mod serve;
pub mod together;

pub use error::Error;
