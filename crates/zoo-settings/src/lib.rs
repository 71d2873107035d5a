//! How settings are written down in every crate of the workspace: their defaults, their names in
//! JSON, and the words in which a value out of range is refused.
//!
//! [`settings!`] declares a block of a config with each default beside its field, [`names!`] a
//! choice that JSON makes by name, and [`network!`] the config of a network, whose defaults are a
//! preset's. All three refuse unknown keys and names.

mod names;
mod network;
pub mod range;
mod settings;

#[doc(hidden)]
pub use optfield::optfield;
pub use range::OutOfRange;
