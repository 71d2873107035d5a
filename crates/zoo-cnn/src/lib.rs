//! A small convolutional classifier as a Burn module.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use zoo_cnn::{CnnConfig, CnnPreset};
//!
//! let device = Device::flex();
//! let config = CnnConfig::preset(CnnPreset::Small).with_num_classes(10);
//! let model = config.init(&device);
//!
//! let images = Tensor::zeros([2, 3, 32, 32], &device);
//! assert_eq!(model.forward(images).dims(), [2, 10]);
//! ```
//!
//! To train the model, build it on an autodiff device (`Device::flex().autodiff()`); there, batch
//! normalisation uses the batch's own statistics and dropout is active.
//!
//! A JSON file contains only the differences from the preset, and a typo in it is an error:
//!
//! ```
//! use zoo_cnn::CnnConfig;
//!
//! let config: CnnConfig = serde_json::from_str(r#"{"preset": "residual", "num_classes": 10}"#)?;
//! assert_eq!((config.num_classes, config.widths), (10, vec![64, 128, 256]));
//! assert!(serde_json::from_str::<CnnConfig>(r#"{"dropuot": 0.5}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod config;
mod error;
mod layers;
mod model;
mod preset;

pub use config::{CnnConfig, CnnSettings};
pub use error::ConfigError;
pub use layers::{Activation, Pooling};
pub use model::{Cnn, ConvBlock, Stage};
pub use preset::CnnPreset;

/// What a [`ConfigError`] says of a setting that is out of its range.
pub use zoo_settings::OutOfRange;

/// The layers that the network is made of, and [`Tap`](nn::Tap), which looks at what they give.
pub use zoo_kernels::nn;
