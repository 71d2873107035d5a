//! AlexNet as a Burn module: the network of the 2012 paper, the one-tower form that torchvision
//! ships, and our own form for small images.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
//!
//! let device = Device::flex();
//! let config = AlexNetConfig::preset(AlexNetPreset::SmallImages).with_num_classes(10);
//! let model = config.init(&device);
//!
//! let images = Tensor::zeros([2, 3, 32, 32], &device);
//! assert_eq!(model.forward(images).dims(), [2, 10]);
//! ```
//!
//! To train the model, build it on an autodiff device (`Device::flex().autodiff()`); there, dropout
//! is active.
//!
//! A JSON file contains only the differences from the preset, and a typo in it is an error:
//!
//! ```
//! use zoo_alexnet::AlexNetConfig;
//!
//! let json = r#"{"preset": "paper", "local_response_norm": false}"#;
//! let config: AlexNetConfig = serde_json::from_str(json)?;
//! assert_eq!((config.groups, config.local_response_norm), (2, false));
//! assert!(serde_json::from_str::<AlexNetConfig>(r#"{"dropuot": 0.5}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod config;
mod error;
mod initialization;
mod model;
mod preset;

pub use config::{AlexNetConfig, AlexNetSettings};
pub use error::ConfigError;
pub use initialization::Initialization;
pub use model::{AlexNet, ClassifierLayers, Features};
pub use preset::AlexNetPreset;

/// What a [`ConfigError`] says of a setting that is out of its range.
pub use zoo_settings::OutOfRange;

/// The layers that the network is made of, and [`Tap`](nn::Tap), which looks at what they give.
pub use zoo_kernels::nn;
