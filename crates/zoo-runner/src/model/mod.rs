//! The seam between the model crates, which know nothing of training, and the runner.

mod any;
mod classifier;
#[cfg(test)]
pub(crate) mod filler;
mod paths;
mod predictor;
mod registry;
mod scores;
mod settings;
mod shape;
mod weights;

pub use any::Lazy;
pub use classifier::{Classifier, Explainable};
pub use paths::{head_path, is_within};
pub use predictor::Predictor;
pub(crate) use registry::on_model;
pub use registry::{AnyModel, ModelSettings, Preset};
pub use scores::{NO_ANSWER, Scores, is_answer, ranking, rows};
pub use shape::DataShape;
pub use weights::{EXPORT_KEY, WeightsInfo, is_written_here, save_weights, write_tensors};
