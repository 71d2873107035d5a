//! Labelled images, read from disk or drawn, then split, augmented and batched in an order that
//! depends only on the seed.
//!
//! A [`DataConfig`] names a dataset and opens it; a [`Loader`] gives its images as batches of
//! tensors.
//!
//! ```
//! use burn::tensor::Device;
//! use zoo_data::{Augmentation, DataConfig, Loader, LoaderConfig, SeaConfig, augment::RandomHorizontalFlip};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sea = DataConfig::Sea(SeaConfig { train: 100, ..SeaConfig::default() }).open()?;
//! let flip = Augmentation::RandomHorizontalFlip(RandomHorizontalFlip::default());
//! let loader = Loader::new(&sea.train, &sea.preprocess, &LoaderConfig::default(), &Device::flex())
//!     .shuffled(42)
//!     .augmented(&[flip]);
//! for batch in loader.epoch(0, 0) {
//!     println!("{:?} {}", batch?.images.dims(), sea.classes[0]); // [64, 3, 32, 32], then [36, 3, 32, 32]
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything random is a function of seed, epoch and index ([`rng`]): any number of worker threads
//! gives the same batches, and an interrupted training run resumes with exactly the batches it
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
mod path;
mod preprocess;
mod range;
pub mod rng;
pub mod sea;
mod text;

pub use augment::{AUGMENTATIONS, AugmentConfig, Augmentation};
pub use batch::{Batch, Mixed, Prepared};
pub use check::{DataReport, Place, Size, Sizes, SplitCounts, Twins};
pub use contact_sheet::contact_sheet;
pub use corruption::Corruption;
#[cfg(fuzzing)]
pub use dataset::fuzzing;
pub use dataset::{
    DATASETS, DataConfig, Dataset, FilesConfig, FolderConfig, ImageSource, Info, ManifestConfig,
    OnUnreadable, RemoteFile, Sample, SeaConfig, Split, SplitConfig, SplitName, SubsetConfig,
    Unreadable, cache_dir, same_name, sorted_classes, spelled,
};
pub use error::{DataError, FileError, FolderError, SplitError};
pub use image::{DecodeLimits, Entry, Image, Undecodable, is_image_file, is_saved_here, walk};
pub use loader::{Loader, LoaderConfig, LoaderIter, Sampler};
pub use mix::MixConfig;
pub use path::{home, meant, shown};
pub use preprocess::{
    Area, CropOffset, Interpolation, MeanStd, Normalize, Preprocess, PreprocessConfig, Resize,
};
pub use text::{NotUtf8, utf8};

/// What an [`ImageSource`] feeds with its content.
pub use sha2::Sha256;
