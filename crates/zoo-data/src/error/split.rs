//! Why a split or a class would have no image.

use std::path::PathBuf;

use crate::shown;

/// Why a split or a class would have no image. The message is complete, as that of
/// [`DataError`](crate::DataError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A split took every image of a class.
    #[error(
        "class {class:?} has {images} images, and none is left for training; lower split.valid and \
         split.test, or add images"
    )]
    NoTrainImage {
        /// Name of the class.
        class: String,
        /// Number of its images in all splits.
        images: usize,
    },

    /// A subset has no image of a class.
    #[error(
        "class {class:?} would be empty: {fraction} of its {images} training images rounds to none; \
         raise subset.fraction to {} or more",
        0.5 / *.images as f64
    )]
    EmptySubset {
        /// Name of the class.
        class: String,
        /// Number of its images in the whole train split.
        images: usize,
        /// The requested fraction.
        fraction: f64,
    },

    /// A subset asks for more images than a class has.
    #[error(
        "class {class:?} has {images} training images, fewer than the {asked} requested; lower \
         subset.images_per_class"
    )]
    SmallClass {
        /// Name of the class.
        class: String,
        /// Number of its images in the whole train split.
        images: usize,
        /// The requested number.
        asked: usize,
    },

    /// The path of an image does not say to which group it belongs.
    #[error(
        "{image} has no group: {pattern:?} of split.group does not match it; change the pattern, or rename the image",
        image = shown(image)
    )]
    NoGroup {
        /// The image, below the root.
        image: PathBuf,
        /// The regular expression.
        pattern: String,
    },

    /// Groups of images are too large for a split.
    #[error(
        "the {split} split would be empty: no group is small enough for the fraction {fraction} \
         (split.group makes {groups}); raise split.{split}, or make the groups smaller"
    )]
    FewGroups {
        /// `valid` or `test`.
        split: &'static str,
        /// The requested fraction.
        fraction: f64,
        /// Number of groups.
        groups: usize,
    },

    /// A split got no image at all.
    #[error(
        "the {split} split would be empty: the fraction {fraction} of {images} images comes to none; raise split.{split}, or add images"
    )]
    EmptySplit {
        /// `valid` or `test`.
        split: &'static str,
        /// The requested fraction.
        fraction: f64,
        /// Number of images to be split.
        images: usize,
    },

    /// A split has no image of the classes that are kept.
    #[error(
        "the {split} split would be empty: it has no image of the classes that {setting} keeps ({}); keep others, or leave {setting} out",
        .classes.join(", ")
    )]
    NoneKept {
        /// `train`, `valid` or `test`.
        split: &'static str,
        /// The setting that says what is kept.
        setting: String,
        /// The classes.
        classes: Vec<String>,
    },

    /// The files of a dataset have no image for a split.
    #[error("the {split} split of {dataset} has no images; get its files anew")]
    NoImages {
        /// `train`, `valid` or `test`.
        split: &'static str,
        /// Name of the dataset.
        dataset: &'static str,
    },
}
