//! What can be wrong with the files of a dataset.

use std::path::PathBuf;

use crate::shown;

/// What can be wrong with the files of a dataset. The message is complete, as that of
/// [`DataError`](crate::DataError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A compressed file or archive ends in the middle.
    #[error(
        "{path} is truncated: its {format} data end too early; copy or download it again",
        path = shown(path)
    )]
    Truncated {
        /// File.
        path: PathBuf,
        /// `gzip` or `tar`.
        format: &'static str,
    },

    /// A file's first bytes are not those of its format.
    #[error(
        "{path} is not {format}: it should begin with {expected}, but begins with {found}",
        path = shown(path)
    )]
    Magic {
        /// File.
        path: PathBuf,
        /// The format that was expected.
        format: &'static str,
        /// The bytes that every such file begins with.
        expected: String,
        /// The bytes found.
        found: String,
    },

    /// A file's header describes images that this dataset cannot have.
    #[error(
        "{path} says that its images are {found} pixels (height x width), but {dataset} has {expected}",
        path = shown(path)
    )]
    ImageShape {
        /// File.
        path: PathBuf,
        /// Name of the dataset.
        dataset: &'static str,
        /// Height and width of the dataset's images.
        expected: String,
        /// Height and width in the header.
        found: String,
    },

    /// A file is shorter or longer than its header or its format says.
    #[error(
        "{path} should contain {expected} bytes ({why}), but contains {found}; copy or download it again",
        path = shown(path)
    )]
    Length {
        /// File, or a member of an archive.
        path: PathBuf,
        /// Number of bytes, too large for memory perhaps.
        expected: u128,
        /// Number of bytes.
        found: u64,
        /// How the expected number comes about.
        why: String,
    },

    /// Images and labels do not pair up.
    #[error(
        "{path} contains {found} labels, but there are {expected} images beside it; the two files \
         belong to different data sets",
        path = shown(path)
    )]
    LabelCount {
        /// File of labels.
        path: PathBuf,
        /// Number of images.
        expected: usize,
        /// Number of labels.
        found: usize,
    },

    /// A label stands for no class.
    #[error(
        "{path}: label #{index} is {found}, but the labels of {classes} classes are 0 to {}",
        .classes - 1,
        path = shown(path)
    )]
    Label {
        /// File, or a member of an archive.
        path: PathBuf,
        /// Position of the label in it, from 0.
        index: usize,
        /// Number of classes.
        classes: usize,
        /// The label.
        found: usize,
    },

    /// A file of class names has too many or too few.
    #[error(
        "{path} should name {expected} classes, one per line, but names {found}",
        path = shown(path)
    )]
    ClassNames {
        /// File, or a member of an archive.
        path: PathBuf,
        /// Number of classes.
        expected: usize,
        /// Number of names.
        found: usize,
    },
}
