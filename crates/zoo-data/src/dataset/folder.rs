//! Folders of photos: one folder a class.
//!
//! Either `root` holds the class folders, and the images are divided into splits by `split`; or it
//! holds `train/` with the class folders inside, and beside it, as far as they are there, `valid/`
//! and `test/` with class folders of the same names:
//!
//! | beside `train/` | valid split | test split |
//! | --- | --- | --- |
//! | nothing | taken from `train/` | taken from `train/`, if `split.test` is above 0 |
//! | `test/` | taken from `train/` | `test/` |
//! | `valid/` | `valid/` | none |
//! | `valid/`, `test/` | `valid/` | `test/` |
//!
//! Other names of splits, and folders of which it is not certain whether they are splits, are the
//! matter of [`SplitFolders`]. Classes are sorted: by number if all are numbers, else by name. Folders inside
//! a class folder belong to it, and links are followed. Images are the files that [`is_image_file`]
//! takes for some; they are listed on opening and read when their turn comes.
//!
//! [`is_image_file`]: crate::is_image_file

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    Dataset, FolderConfig, Info,
    classes::sorted,
    layout::{Level, SplitFolders, circle, listed, name},
    listing::Listing,
    photos::Photo,
};
use crate::{DataError, Entry, FolderError, meant, preprocess::Normalize, shown, walk};

pub(super) static INFO: Info = Info {
    name: "folder",
    about: "Your own photos, one folder per class: JPEG, PNG, WebP, BMP, GIF or TIFF, of any size.",
    classes: None,
    channels: 3,
    image_size: 224,
    own_test: false,
    source: "put the images of each class into a folder named after it",
    files: &[],
    normalize: Normalize::Imagenet,
};

/// Lists the files below `config.root`, and divides them as far as the folders do not.
pub(super) fn open(config: &FolderConfig) -> Result<Dataset, DataError> {
    let root = meant(&config.root);
    if !root.exists() {
        return Err(DataError::Missing { path: root, hint: INFO.source.to_owned() });
    }
    let layout = SplitFolders::read(&root, config.split.classes.as_deref())?;
    let mut files = Files::new(&root, &layout)?;
    let train = files.add(&layout.train)?;
    let valid = layout.valid.map(|valid| files.add(&valid)).transpose()?;
    let test = layout.test.map(|test| files.add(&test)).transpose()?;
    files.into_listing(train, valid, test).into_dataset(&INFO, config)
}

/// Lists the images of all class folders below `root`: those in it, and those in its folders of splits.
/// Any number of classes will do, and a class may be empty.
pub(super) fn list_all(root: &Path) -> Result<Listing, DataError> {
    let root = meant(root);
    if !root.exists() {
        return Err(DataError::Missing { path: root, hint: INFO.source.to_owned() });
    }
    let layout = SplitFolders::read_all(&root)?;
    let mut files = Files::of_any_classes(&root, &layout);
    if files.classes.is_empty() {
        return Err(FolderError::NoClasses { path: root }.into());
    }
    for folder in &layout.train.folders {
        let label = files.labels[&name(folder)];
        files.add_class(folder, label);
    }
    let images = 0..files.photos.len();
    Ok(files.into_listing(images, None, None))
}

/// What has been found so far.
struct Files {
    root: PathBuf,
    classes: Vec<String>,
    labels: HashMap<String, usize>,
    photos: Vec<Photo>,
    notes: Vec<String>,
}

impl Files {
    /// No files yet, whose classes are the folders of the train split.
    fn new(root: &Path, layout: &SplitFolders) -> Result<Self, DataError> {
        let files = Self::of_any_classes(root, layout);
        let path = || layout.train.path.clone();
        match &files.classes[..] {
            [] => Err(FolderError::NoClasses { path: path() }.into()),
            [class] => Err(FolderError::OneClass { path: path(), class: class.clone() }.into()),
            _ => Ok(files),
        }
    }

    /// The same with any number of classes.
    fn of_any_classes(root: &Path, layout: &SplitFolders) -> Self {
        let names: BTreeSet<String> =
            layout.train.folders.iter().map(|folder| name(folder)).collect();
        let classes = sorted(names);
        let labels = classes.iter().cloned().zip(0..).collect();
        let (root, photos, notes) = (root.to_owned(), Vec::new(), layout.notes.clone());
        Self { root, classes, labels, photos, notes }
    }

    /// Adds the images of one split, class by class, and says which they are.
    fn add(&mut self, split: &Level) -> Result<Range<usize>, DataError> {
        let start = self.photos.len();
        for folder in &split.folders {
            let Some(&label) = self.labels.get(&name(folder)) else {
                let (path, expected) = (folder.clone(), self.classes.clone());
                return Err(FolderError::UnknownClass { path, expected }.into());
            };
            let before = self.photos.len();
            self.add_class(folder, label);
            if self.photos.len() == before {
                return Err(FolderError::EmptyClass { path: folder.clone() }.into());
            }
        }
        Ok(start..self.photos.len())
    }

    /// Adds the images in a class folder and in the folders in it.
    fn add_class(&mut self, folder: &Path, label: usize) {
        let mut others = Vec::new();
        for entry in walk(folder) {
            match entry {
                Entry::Image(path) => {
                    let path = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                    self.photos.push(Photo::new(&self.root, path, label));
                }
                Entry::Other(path) => others.push(name(&path)),
                Entry::Circle(link) => self.notes.push(circle(&link)),
            }
        }
        if let Some(listed) = listed(&others) {
            self.notes
                .push(format!("{}: left out files that are not images: {listed}", shown(folder)));
        }
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

#[cfg(test)]
mod tests;
