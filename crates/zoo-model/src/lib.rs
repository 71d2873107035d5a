//! Any network of the zoo, its weights, and what it says of images.
//!
//! [`ModelSettings`] is the network in a config, [`AnyModel`] the network, [`WeightsInfo`] what
//! travels with its weights, and [`Predictor`] all of these together, ready to use:
//!
//! ```no_run
//! use std::path::Path;
//! use burn::tensor::Device;
//! use zoo_model::{Image, Predictor};
//!
//! let predictor = Predictor::open(Path::new("model.safetensors"), &Device::flex())?;
//! let scores = predictor.predict(&[Image::open(Path::new("photo.jpg"))?])?;
//! let best = scores[0].ranking()[0];
//! println!("{} {:.1} %", predictor.info.classes[best], 100.0 * scores[0].probabilities[best]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The models are in crates of their own, which know neither this one nor each other; [`Classifier`]
//! is what this one, and a training, ask of a module. A new model is a line of `zoo!` in `registry.rs`.

// First, for their macros `keep_path!` and `on_model!`.
#[macro_use]
mod paths;
#[macro_use]
mod registry;

mod any;
mod classifier;
pub mod disk;
mod error;
mod features;
#[cfg(feature = "filler")]
pub mod filler;
mod predictor;
mod scores;
mod settings;
mod shape;
mod version;
mod weights;

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
pub use zoo_data::{Image, Preprocess};
pub use zoo_kernels::nn::{Conv2d, Tap};

pub use classifier::{Classifier, Explainable};
pub use error::Error;
pub use paths::{head_path, is_within};
pub use predictor::Predictor;
pub use registry::{AnyModel, ModelSettings, Preset};
pub use scores::{NO_ANSWER, Scores, is_answer, ranking, rows};
pub use shape::DataShape;
pub use version::{BURN_VERSION, ZOO_VERSION};
pub use weights::{
    EXPORT_KEY, Lazy, WeightsInfo, is_features_file, is_written_here, save_weights, write_features,
    write_tensors,
};

/// The device on which initial weights are drawn, whatever trains them.
pub fn host() -> Device {
    Device::flex()
}

/// Seeds the generator of `device`, and draws from it. One at a time: all threads of a process draw from the same one.
pub fn seeded<T>(device: &Device, seed: u64, draw: impl FnOnce() -> T) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    draw()
}
