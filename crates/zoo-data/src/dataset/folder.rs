//! Folders of photos: one folder a class.
//!
//! Either `root` holds the class folders, and the images are divided into splits by `split`; or it
//! holds `train/` with the class folders inside, and beside it, as far as they are there, `valid/`
//! (or `val/`) and `test/` with class folders of the same names:
//!
//! | beside `train/` | valid split | test split |
//! | --- | --- | --- |
//! | nothing | taken from `train/` | taken from `train/`, if `split.test` is above 0 |
//! | `test/` | taken from `train/` | `test/` |
//! | `valid/` | `valid/` | none |
//! | `valid/`, `test/` | `valid/` | `test/` |
//!
//! Classes are sorted by name. Folders inside a class folder belong to it. Images are the files that
//! [`is_image_file`] takes for some; they are listed on opening and read when their turn comes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::listing::Listing;
use super::photos::Photo;
use super::{Dataset, FolderConfig, Info};
use crate::DataError;
use crate::image::{is_image_file, is_left_behind};
use crate::preprocess::Normalize;

pub(super) static INFO: Info = Info {
    name: "folder",
    about: "Photos of your own in one folder a class: JPEG, PNG, WebP, BMP, GIF or TIFF, of any sizes.",
    classes: None,
    channels: 3,
    image_size: 224,
    own_test: false,
    source: "put the images of each class into a folder named after it",
    files: &[],
    normalize: Normalize::Imagenet,
};

/// Names of folders of a split, in lower case.
const SPLIT_FOLDERS: [&str; 8] =
    ["train", "training", "valid", "validation", "val", "dev", "test", "testing"];

/// Lists the files below `config.root`, and divides them as far as the folders do not.
pub(super) fn open(config: &FolderConfig) -> Result<Dataset, DataError> {
    let root = &config.root;
    if !root.exists() {
        return Err(DataError::Missing { path: root.clone(), hint: INFO.source.to_owned() });
    }
    let train_folder = root.join("train");
    // A folder `train` with images but no folders in it is a class of trains.
    if !train_folder.is_dir() || subfolders(&train_folder)?.is_empty() {
        let mut files = Files::new(root, root)?;
        let images = files.add(root)?;
        return files.into_listing(images, None, None).into_dataset(&INFO, config);
    }
    let mut files = Files::new(root, &train_folder)?;
    let train = files.add(&train_folder)?;
    let valid = valid_folder(root)?.map(|folder| files.add(&folder)).transpose()?;
    let test = Some(root.join("test")).filter(|folder| folder.is_dir());
    let test = test.map(|folder| files.add(&folder)).transpose()?;
    files.into_listing(train, valid, test).into_dataset(&INFO, config)
}

/// Lists the images of all class folders below `root`: those in it, and those in its folders of splits.
/// Any number of classes will do, and a class may be empty.
pub(super) fn list_all(root: &Path) -> Result<Listing, DataError> {
    let (mut splits, mut classes) = (Vec::new(), Vec::new());
    let mut loose = loose_images(root)?;
    for (name, path) in subfolders(root)? {
        let inside = subfolders(&path)?;
        match SPLIT_FOLDERS.contains(&name.to_lowercase().as_str()) && !inside.is_empty() {
            true => {
                splits.push(name);
                loose += loose_images(&path)?;
                classes.extend(inside);
            }
            false => classes.push((name, path)),
        }
    }
    let names: BTreeSet<&String> = classes.iter().map(|(class, _)| class).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    if names.is_empty() {
        return Err(DataError::NoClasses { path: root.to_owned() });
    }
    let mut files =
        Files { root: root.to_owned(), classes: names, photos: Vec::new(), notes: Vec::new() };
    if splits.len() > 1 {
        let splits = splits.join(", ");
        files.notes.push(format!("{}: all images, those of {splits} together", root.display()));
    }
    if loose > 0 {
        files
            .notes
            .push(format!("{}: images in no class folder, left out: {loose}", root.display()));
    }
    for (class, path) in &classes {
        let label = files.classes.binary_search(class).unwrap_or_default();
        files.add_class(path, label)?;
    }
    let images = 0..files.photos.len();
    Ok(files.into_listing(images, None, None))
}

/// Number of images right in a folder.
fn loose_images(folder: &Path) -> Result<usize, DataError> {
    let entries = entries(folder)?;
    Ok(entries.values().filter(|path| path.is_file() && is_image_file(path)).count())
}

/// What has been found so far.
struct Files {
    root: PathBuf,
    classes: Vec<String>,
    photos: Vec<Photo>,
    notes: Vec<String>,
}

impl Files {
    /// No files yet, whose classes are the folders in `train`.
    fn new(root: &Path, train: &Path) -> Result<Self, DataError> {
        let classes: Vec<String> = subfolders(train)?.into_keys().collect();
        match &classes[..] {
            [] => Err(DataError::NoClasses { path: train.to_owned() }),
            [class] => Err(DataError::OneClass { path: train.to_owned(), class: class.clone() }),
            _ => Ok(Self { root: root.to_owned(), classes, photos: Vec::new(), notes: Vec::new() }),
        }
    }

    /// Adds the images of one split, class by class, and says which they are.
    fn add(&mut self, split: &Path) -> Result<Range<usize>, DataError> {
        let start = self.photos.len();
        for (class, path) in subfolders(split)? {
            let Ok(label) = self.classes.binary_search(&class) else {
                return Err(DataError::UnknownClass { path, expected: self.classes.clone() });
            };
            let before = self.photos.len();
            self.add_class(&path, label)?;
            if self.photos.len() == before {
                return Err(DataError::EmptyClass { path });
            }
        }
        Ok(start..self.photos.len())
    }

    /// Adds the images of a class.
    fn add_class(&mut self, path: &Path, label: usize) -> Result<(), DataError> {
        let mut others = Vec::new();
        self.add_files(path, label, &mut others)?;
        if let Some(first) = others.first() {
            self.notes.push(format!(
                "{}: left out what is no image: {first}{}",
                path.display(),
                match others.len() - 1 {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                }
            ));
        }
        Ok(())
    }

    /// Adds the images in a folder and the folders in it; what is no image goes to `others`.
    fn add_files(
        &mut self,
        folder: &Path,
        label: usize,
        others: &mut Vec<String>,
    ) -> Result<(), DataError> {
        for (name, path) in entries(folder)? {
            if path.is_dir() {
                self.add_files(&path, label, others)?;
            } else if is_image_file(&path) {
                let bytes = path.metadata().map_err(DataError::read(&path))?.len();
                let path = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                self.photos.push(Photo { path, label, bytes });
            } else if !is_left_behind(&path) {
                others.push(name);
            }
        }
        Ok(())
    }

    fn into_listing(
        self,
        train: Range<usize>,
        valid: Option<Range<usize>>,
        test: Option<Range<usize>>,
    ) -> Listing {
        Listing {
            root: self.root,
            classes: self.classes,
            photos: self.photos,
            groups: None,
            train: train.collect(),
            valid: valid.map(Range::collect),
            test: test.map(Range::collect),
            notes: self.notes,
        }
    }
}

/// The folder of the valid split, which goes by two names.
fn valid_folder(root: &Path) -> Result<Option<PathBuf>, DataError> {
    let [first, second] = ["valid", "val"].map(|name| root.join(name));
    match (first.is_dir(), second.is_dir()) {
        (true, true) => Err(DataError::TwoFolders { first, second }),
        (true, false) => Ok(Some(first)),
        (false, true) => Ok(Some(second)),
        (false, false) => Ok(None),
    }
}

/// Files and folders in a folder, sorted by name, without hidden ones.
fn entries(folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut entries = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::read(folder))? {
        let path = entry.map_err(DataError::read(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            entries.insert(name, path);
        }
    }
    Ok(entries)
}

/// Folders in a folder, sorted by name, without hidden ones.
fn subfolders(folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut folders = entries(folder)?;
    folders.retain(|_, path| path.is_dir());
    Ok(folders)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
