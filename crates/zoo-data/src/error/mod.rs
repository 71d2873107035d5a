//! What can go wrong with data: here with settings, the disk and images, beside it with what a
//! folder, a file or a split holds.

mod file;
mod folder;
mod split;

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

pub use self::{file::FileError, folder::FolderError, split::SplitError};
use crate::{Unreadable, shown};

/// A cause for which images cannot be read, split or augmented.
///
/// The message is complete: it names the file or setting, says what was expected and what was
/// found, and what to do. There is no further [`source`](std::error::Error::source) to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A setting is out of its range. Comes from a `check`, before anything is read.
    #[error("`{setting}`: expected {expected}, found {found}")]
    Setting {
        /// Path of the setting below its config, such as `split.valid`.
        setting: String,
        /// The values allowed.
        expected: String,
        /// The value given.
        found: String,
    },

    /// A file or folder that a dataset needs is not there. Comes on opening.
    #[error("{path} does not exist; {hint}", path = shown(path))]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// Where to get it, or what was meant.
        hint: String,
    },

    /// There is no cache folder. Occurs on opening a dataset without `root`.
    #[error(
        "this system names no cache folder; set the environment variable ZOO_CACHE to one, or set root"
    )]
    NoCache,

    /// The operating system refused to read. Comes on opening, or on reading an image.
    #[error(
        "cannot read {path}: {reason}; check that it exists, what it is and who may read it",
        path = shown(path)
    )]
    Read {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },

    /// An image could not be saved.
    #[error("cannot write {path}: {reason}", path = shown(path))]
    Write {
        /// File.
        path: PathBuf,
        /// What the encoder or the system said.
        reason: String,
    },

    /// A table of images says what cannot be. Comes on opening.
    #[error(
        "{path}{}: {reason}",
        .line.map(|line| format!(", line {line}")).unwrap_or_default(),
        path = shown(path)
    )]
    Manifest {
        /// The table.
        path: PathBuf,
        /// The line, from 1, if it is about one.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },

    /// Bytes that cannot be read as an image. Occurs on reading an image.
    #[error("cannot decode {name}: {reason}; replace or remove the image")]
    Decode {
        /// File name.
        name: String,
        /// What the decoder said.
        reason: String,
    },

    /// Images of a dataset that cannot be read, all of them. Comes from
    /// [`Dataset::check_images`](crate::Dataset::check_images).
    #[error(
        "{} cannot be read; replace or remove them, or set on_unreadable to \"skip\":\n{}",
        counted(.images.len()), listed(.images)
    )]
    Unreadable {
        /// The images, each with the reason.
        images: Vec<Unreadable>,
    },

    /// Images that cannot be read are skipped, and nothing is left of a class or split. Comes from
    /// [`Dataset::check_images`](crate::Dataset::check_images).
    #[error("no image of {part} can be read:\n{}", listed(.images))]
    NoneReadable {
        /// The class or split.
        part: String,
        /// The images, each with the reason.
        images: Vec<Unreadable>,
    },

    /// A file of a dataset is not as its format says. Comes on opening.
    #[error(transparent)]
    File(#[from] FileError),

    /// A folder of photos is not laid out as a dataset. Comes on opening.
    #[error(transparent)]
    Folder(#[from] FolderError),

    /// A split or a class would have no image. Comes on opening.
    #[error(transparent)]
    Split(#[from] SplitError),
}

impl DataError {
    /// A [`DataError::Setting`].
    pub(crate) fn setting(setting: &str, expected: impl Display, found: impl Display) -> Self {
        Self::Setting {
            setting: setting.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// A [`DataError::Read`] of `path`, to be used with `map_err`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |reason| Self::Read { path: path.to_owned(), reason }
    }
}

/// A number of images.
fn counted(images: usize) -> String {
    match images {
        1 => "1 image".to_string(),
        _ => format!("{images} images"),
    }
}

/// One per line.
fn listed(images: &[Unreadable]) -> String {
    images.iter().map(|image| format!("  {image}")).collect::<Vec<_>>().join("\n")
}
