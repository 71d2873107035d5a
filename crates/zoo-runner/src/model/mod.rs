//! The seam between the model crates, which know nothing of training, and the runner.

mod any;
mod classifier;
#[cfg(test)]
pub(crate) mod filler;
mod registry;
mod weights;

pub use any::AnyClassifier;
pub use classifier::Classifier;
pub use registry::{DataShape, ModelSettings, Preset};
pub use weights::{WeightsInfo, save_weights};
