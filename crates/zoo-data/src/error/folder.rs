//! What can be wrong with a folder of photos.

use std::path::PathBuf;

use super::counted;
use crate::shown;

/// What can be wrong with a folder of photos. The message is complete, as that of
/// [`DataError`](crate::DataError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// An image folder without class folders.
    #[error(
        "{path} contains no folders; put the images of each class into their own folder, named \
         after the class",
        path = shown(path)
    )]
    NoClasses {
        /// The image folder.
        path: PathBuf,
    },

    /// An image folder with one class.
    #[error(
        "{path} has only the class {class:?}; a classifier needs at least two folders of images",
        path = shown(path)
    )]
    OneClass {
        /// The image folder.
        path: PathBuf,
        /// Name of the class.
        class: String,
    },

    /// A class folder without images.
    #[error(
        "{path} contains no images; add some, or remove the folder",
        path = shown(path)
    )]
    EmptyClass {
        /// The class folder.
        path: PathBuf,
    },

    /// A class folder of a valid or test split that the train split does not have.
    #[error(
        "{path} is a class that the train split does not have; the train split's classes are {}",
        few(.expected),
        path = shown(path)
    )]
    UnknownClass {
        /// The class folder.
        path: PathBuf,
        /// The train split's classes.
        expected: Vec<String>,
    },

    /// Two folders claim to be the same split.
    #[error(
        "{first} and {second} would both be the {split} split; rename or remove one",
        first = shown(first),
        second = shown(second)
    )]
    TwoFolders {
        /// `train`, `valid` or `test`.
        split: &'static str,
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },

    /// The folder of a split without class folders.
    #[error(
        "the {split} split would be empty: {path} {}; put the images of each class into a folder named after it, as in the train split, or move {path} away",
        match .images {
            0 => "is empty".to_string(),
            images => format!("holds {}, but no class folders", counted(*images)),
        },
        path = shown(path)
    )]
    NoClassFolders {
        /// `valid` or `test`.
        split: &'static str,
        /// The folder.
        path: PathBuf,
        /// Number of images that lie in it.
        images: usize,
    },

    /// Folders of other splits without one to train on.
    #[error(
        "{path} has the folder {found}, but no folder train with class folders in it; there is nothing to train on",
        path = shown(path)
    )]
    NoTrainFolder {
        /// The image folder.
        path: PathBuf,
        /// A folder of another split.
        found: String,
    },

    /// A folder beside class folders that may be a class or a split.
    #[error(
        "{path} lies beside class folders and is called like the {split} split, but has no folders of these classes; if it is one, put the images of each class into a folder in it; if it is a class, say so by naming all classes in split.classes; if it is neither, move it away",
        path = shown(path)
    )]
    SplitOrClass {
        /// The folder.
        path: PathBuf,
        /// The split that it is called like.
        split: &'static str,
    },
}

/// The first of some names, and how many more there are.
fn few(names: &[String]) -> String {
    const NAMED: usize = 20;
    let first = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
