//! What can go wrong with data.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Unreadable, shown};

/// A cause for which images cannot be read, split or augmented.
///
/// The message is complete: it names the file or setting, says what was expected and what was
/// found, and what to do. There is no further [`source`](std::error::Error::source) to print.
#[derive(Debug, thiserror::Error)]
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

    /// A compressed file or archive ends in the middle. Comes on opening.
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

    /// A file's first bytes are not those of its format. Comes on opening.
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

    /// A file's header describes images that this dataset cannot have. Occurs on opening.
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

    /// A file is shorter or longer than its header or its format says. Comes on opening.
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

    /// Images and labels do not pair up. Comes on opening.
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

    /// A label stands for no class. Comes on opening.
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

    /// A file of class names has too many or too few. Comes on opening.
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

    /// An image folder without class folders. Comes on opening.
    #[error(
        "{path} contains no folders; put the images of each class into their own folder, named \
         after the class",
        path = shown(path)
    )]
    NoClasses {
        /// The image folder.
        path: PathBuf,
    },

    /// An image folder with one class. Comes on opening.
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

    /// A class folder without images. Comes on opening.
    #[error(
        "{path} contains no images; add some, or remove the folder",
        path = shown(path)
    )]
    EmptyClass {
        /// The class folder.
        path: PathBuf,
    },

    /// A class folder of a valid or test split that the train split does not have. Comes on
    /// opening.
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

    /// Two folders claim to be the same split. Comes on opening.
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

    /// The folder of a split without class folders. Comes on opening.
    #[error(
        "the {split} split would be empty: {path} {}; put the images of each class into a folder named after it, as in the train split, or move {path} away",
        match .images {
            0 => "is empty".to_owned(),
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

    /// Folders of other splits without one to train on. Comes on opening.
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

    /// A folder beside class folders that may be a class or a split. Comes on opening.
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

    /// A split took every image of a class. Comes on opening.
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

    /// A subset has no image of a class. Comes on opening.
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

    /// A subset asks for more images than a class has. Comes on opening.
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

    /// The path of an image does not say to which group it belongs. Comes on opening.
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

    /// Groups of images are too large for a split. Comes on opening.
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

    /// A split got no image at all. Comes on opening.
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

    /// A split has no image of the classes that are kept. Comes on opening.
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

    /// The files of a dataset have no image for a split. Comes on opening.
    #[error("the {split} split of {dataset} has no images; get its files anew")]
    NoImages {
        /// `train`, `valid` or `test`.
        split: &'static str,
        /// Name of the dataset.
        dataset: &'static str,
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

/// The first of some names, and how many more there are.
fn few(names: &[String]) -> String {
    const NAMED: usize = 20;
    let first = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn counted(images: usize) -> String {
    match images {
        1 => "1 image".to_owned(),
        _ => format!("{images} images"),
    }
}

/// One a line.
fn listed(images: &[Unreadable]) -> String {
    images.iter().map(|image| format!("  {image}")).collect::<Vec<_>>().join("\n")
}
