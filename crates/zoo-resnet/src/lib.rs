//! Residual networks as Burn modules: He et al., "Deep Residual Learning for Image Recognition"
//! (<https://arxiv.org/abs/1512.03385>), for ImageNet as torchvision has them (v1.5: a bottleneck
//! shrinks the image in its 3 x 3 convolution), and for CIFAR as in section 4.2 of the paper.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use zoo_resnet::{ResNetConfig, ResNetPreset};
//!
//! let device = Device::flex();
//! let config = ResNetConfig::preset(ResNetPreset::ResNet20).with_num_classes(10);
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
//! use zoo_resnet::{ResNetConfig, Shortcut, Stem};
//!
//! // ResNet-50-D, as timm has it.
//! let config: ResNetConfig = serde_json::from_str(
//!     r#"{"preset": "resnet50", "stem": "three-convolutions", "shortcut": "average-pooling"}"#,
//! )?;
//! assert_eq!((config.stem, config.shortcut), (Stem::ThreeConvolutions, Shortcut::AveragePooling));
//! assert!(serde_json::from_str::<ResNetConfig>(r#"{"depht": 50}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod block;
mod config;
mod conv_norm;
mod error;
mod model;
mod preset;
mod shortcut;
mod stem;

pub use block::{Block, BlockKind};
pub use config::{ResNetConfig, ResNetSettings};
pub use conv_norm::ConvNorm;
pub use error::ConfigError;
pub use model::{ResNet, Stage};
pub use preset::ResNetPreset;
pub use shortcut::{Path, Shortcut};
pub use stem::Stem;

/// What a [`ConfigError`] says of a setting that is out of its range.
pub use zoo_settings::OutOfRange;

/// The layers that the network is made of, and [`Tap`](nn::Tap), which looks at what they give.
pub use zoo_kernels::nn;
