//! The Vision Transformer as a Burn module: Dosovitskiy et al., "An Image is Worth 16x16 Words"
//! (<https://arxiv.org/abs/2010.11929>), in the form that timm and torchvision share: layer
//! normalisation before each half of a block, one linear layer for queries, keys and values, the
//! exact GELU unless another activation is set.
//!
//! Switches turn it into its descendants: `layer_scale` and `registers` into DINOv2
//! (<https://arxiv.org/abs/2304.07193>, <https://arxiv.org/abs/2309.16588>), `pre_norm` and
//! `projection` into the image tower of CLIP (<https://arxiv.org/abs/2103.00020>), `class_position`
//! and `layer_scale` into DeiT III (<https://arxiv.org/abs/2204.07118>), `pooling` into the distilled
//! DeiT (<https://arxiv.org/abs/2012.12877>). Without classes it has no head, and gives features.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use zoo_vit::{VitConfig, VitPreset};
//!
//! let device = Device::flex();
//! let config = VitConfig::preset(VitPreset::Mini).with_num_classes(10);
//! let model = config.init(&device);
//!
//! let images = Tensor::zeros([2, 3, 32, 32], &device);
//! assert_eq!(model.forward(images).dims(), [2, 10]);
//! ```
//!
//! To train the model, build it on an autodiff device (`Device::flex().autodiff()`); there, dropout
//! and drop path are active.
//!
//! A JSON file contains only the differences from the preset, and a typo in it is an error:
//!
//! ```
//! use zoo_vit::VitConfig;
//!
//! let config: VitConfig = serde_json::from_str(r#"{"preset": "mini", "patch_size": 2}"#)?;
//! assert_eq!((config.patch_size, config.embed_dim), (2, 128));
//! assert!(serde_json::from_str::<VitConfig>(r#"{"dropuot": 0.5}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod activation;
mod block;
mod config;
mod drop_path;
mod error;
mod initialization;
mod layer_scale;
mod model;
mod pooling;
mod position;
mod preset;

pub use activation::Activation;
pub use block::{Attention, Block, Mlp};
pub use config::{VitConfig, VitSettings};
pub use drop_path::DropPath;
pub use error::ConfigError;
pub use layer_scale::LayerScale;
pub use model::Vit;
pub use pooling::Pooling;
pub use position::Position;
pub use preset::VitPreset;

/// What a [`ConfigError`] says of a setting that is out of its range.
pub use zoo_settings::OutOfRange;

/// The layers that the network is made of, and [`Tap`](nn::Tap), which looks at what they give.
pub use zoo_kernels::nn;
