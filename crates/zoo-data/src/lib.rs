//! Labelled images from disk or drawn, split, augmented and batched, in an order that depends on
//! the seed alone.
//!
//! A [`DataConfig`] names a dataset and opens it; a [`Loader`] gives its images as batches of
//! tensors, and is a [`DataLoader`](burn::data::dataloader::DataLoader) of Burn.
//!
//! ```
//! use burn::tensor::Device;
//! use zoo_data::{Augmentation, DataConfig, Loader, LoaderConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config: DataConfig = serde_json::from_str(r#"{"sea": {"train": 100}}"#)?;
//! let augment: Vec<Augmentation> = serde_json::from_str(r#"[{"horizontal-flip": {}}]"#)?;
//! let sea = config.open()?;
//! let loader = Loader::train(&sea.train, &sea.preprocess, &augment, &LoaderConfig::default(), 42, &Device::flex());
//! for batch in loader.epoch(0, 0) {
//!     println!("{:?} {}", batch?.images.dims(), sea.classes[0]); // [64, 3, 32, 32], then [36, 3, 32, 32]
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What is random is a function of seed, epoch and index ([`rng`]): the same batches come out for
//! any number of worker threads, and an interrupted training goes on with exactly the batches it
//! would have had ([`Loader::epoch`]).

pub mod augment;
mod batch;
mod check;
mod contact_sheet;
mod corruption;
mod dataset;
mod error;
mod image;
mod loader;
mod mix;
mod preprocess;
pub mod rng;
pub mod sea;

pub use augment::{AUGMENTATIONS, AugmentConfig, Augmentation};
pub use batch::{Batch, Mixed};
pub use check::{DataReport, Place, Size, Sizes, SplitCounts, Twins};
pub use contact_sheet::contact_sheet;
pub use corruption::Corruption;
#[cfg(fuzzing)]
pub use dataset::fuzzing;
pub use dataset::{
    DATASETS, DataConfig, Dataset, FilesConfig, FolderConfig, ImageSource, Info, ManifestConfig,
    OnUnreadable, RemoteFile, Sample, SeaConfig, Split, SplitConfig, SplitName, SubsetConfig,
    Unreadable, cache_dir,
};
pub use error::DataError;
pub use image::{Image, is_image_file};
pub use loader::{Loader, LoaderConfig, LoaderIter, Sampler};
pub use mix::MixConfig;
pub use preprocess::{
    Area, CropOffset, Interpolation, MeanStd, Normalize, Preprocess, PreprocessConfig, Resize,
};
