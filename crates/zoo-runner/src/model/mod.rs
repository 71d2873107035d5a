//! The seam between the model crates, which know nothing of training, and the runner.

mod any;
mod classifier;
#[cfg(test)]
pub(crate) mod filler;
mod registry;
mod shape;
mod weights;

pub use any::AnyClassifier;
pub use classifier::Classifier;
pub use registry::{ModelSettings, Preset};
pub use shape::DataShape;
pub use weights::{EXPORTED, WeightsInfo, save_weights};
