//! Tests of image folders, on PNG files of one pixel, whatever they are called.

mod files;

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    Image, Split,
    dataset::{OnUnreadable, SplitConfig},
};

/// A folder with these files; all but texts are one pixel whose value is the number in the list.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (value, file) in files.iter().enumerate() {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if file.ends_with(".txt") {
            fs::write(path, "text").unwrap();
        } else {
            Image::filled(1, 1, &[value as u8; 3]).save_png(&path).unwrap();
        }
    }
    folder
}

fn open_with(folder: &TempDir, valid: f64, test: f64) -> Result<Dataset, DataError> {
    open(&FolderConfig {
        root: folder.path().to_owned(),
        split: SplitConfig { valid, test, ..SplitConfig::default() },
        preprocess: Default::default(),
        on_unreadable: OnUnreadable::Error,
        cache_mb: 0,
    })
}

fn names(folder: &TempDir, split: &Split) -> Vec<String> {
    let prefix = format!("{}/", folder.path().display());
    (0..split.len()).map(|position| split.name(position).replace(&prefix, "")).collect()
}

fn message(files: &[&str]) -> String {
    let folder = folder(files);
    told(&folder, open_with(&folder, 0.5, 0.0))
}

fn told(folder: &TempDir, outcome: Result<Dataset, DataError>) -> String {
    outcome.unwrap_err().to_string().replace(&folder.path().display().to_string(), "ROOT")
}

#[test]
fn one_folder_of_class_folders_is_divided() {
    let folder = folder(&[
        "bee/1.png",
        "bee/2.JPG",
        "bee/3.png",
        "bee/4.jpeg",
        "ant/1.png",
        "ant/more/2.png",
        "ant/3.png",
        "ant/4.png",
        "readme.txt",
    ]);
    let dataset = open_with(&folder, 0.25, 0.25).unwrap();
    assert_eq!(dataset.classes, ["ant", "bee"]);
    assert_eq!(dataset.preprocess.image_size, 224);
    let mut all = names(&folder, &dataset.train);
    assert_eq!(dataset.train.class_counts(2), [2, 2]);
    assert_eq!(dataset.valid.class_counts(2), [1, 1]);
    let test = dataset.test.unwrap();
    assert_eq!(test.class_counts(2), [1, 1]);
    all.extend(names(&folder, &dataset.valid));
    all.extend(names(&folder, &test));
    all.sort();
    assert_eq!(
        all,
        [
            "ant/1.png",
            "ant/3.png",
            "ant/4.png",
            "ant/more/2.png",
            "bee/1.png",
            "bee/2.JPG",
            "bee/3.png",
            "bee/4.jpeg"
        ]
    );
    assert_eq!(dataset.notes, [""; 0]);
}

#[test]
fn train_and_val_are_taken_as_they_are() {
    let folder = folder(&[
        "train/ant/1.png",
        "train/bee/2.png",
        "val/ant/3.png",
        "val/bee/4.png",
        "val/bee/5.png",
    ]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(names(&folder, &dataset.train), ["train/ant/1.png", "train/bee/2.png"]);
    assert_eq!(names(&folder, &dataset.valid), ["val/ant/3.png", "val/bee/4.png", "val/bee/5.png"]);
    assert!(dataset.test.is_none());
    let sample = dataset.valid.sample(2).unwrap();
    assert_eq!((sample.label, sample.index), (1, 4));
    assert_eq!(sample.image, Image::filled(1, 1, &[4, 4, 4]));
}

#[test]
fn train_valid_and_test_are_taken_as_they_are() {
    let folder =
        folder(&["train/ant/1.png", "train/bee/2.png", "valid/ant/3.png", "test/bee/4.png"]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(names(&folder, &dataset.valid), ["valid/ant/3.png"]);
    assert_eq!(names(&folder, &dataset.test.unwrap()), ["test/bee/4.png"]);
}

#[test]
fn valid_is_taken_from_train_beside_test() {
    let folder = folder(&[
        "train/ant/1.png",
        "train/ant/2.png",
        "train/bee/1.png",
        "train/bee/2.png",
        "test/ant/5.png",
    ]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.train.class_counts(2), [1, 1]);
    assert_eq!(dataset.valid.class_counts(2), [1, 1]);
    assert_eq!(names(&folder, &dataset.test.unwrap()), ["test/ant/5.png"]);
    assert_eq!(
        told(&folder, open_with(&folder, 0.5, 0.1)),
        "`split.test`: expected 0, because the images are already divided into splits, found 0.1"
    );
}

#[test]
fn a_class_may_be_called_train() {
    let folder = folder(&["train/1.png", "train/2.png", "bus/3.png", "bus/4.png"]);
    assert_eq!(open_with(&folder, 0.5, 0.0).unwrap().classes, ["bus", "train"]);
}

#[test]
fn unfit_folders_are_told() {
    assert_eq!(
        message(&["1.png"]),
        "ROOT contains no folders; put the images of each class into their own folder, named after the class"
    );
    assert_eq!(
        message(&["train/ant/1.png"]),
        "ROOT/train has only the class \"ant\"; a classifier needs at least two folders of images"
    );
    assert_eq!(
        message(&["ant/1.png", "ant/2.png", "bee/notes.txt"]),
        "ROOT/bee contains no images; add some, or remove the folder"
    );
    assert_eq!(
        message(&["train/ant/1.png", "train/bee/1.png", "val/wasp/1.png"]),
        "ROOT/val/wasp is a class that the train split does not have; the train split's classes are ant, bee"
    );
    assert_eq!(
        message(&["train/ant/1.png", "train/bee/1.png", "val/ant/1.png", "valid/ant/1.png"]),
        "ROOT/val and ROOT/valid would both be the valid split; rename or remove one"
    );
    assert_eq!(
        message(&["ant/1.png", "bee/1.png"]),
        "the valid split would be empty: the fraction 0.5 of 2 images comes to none; raise split.valid, or add images"
    );
}

#[test]
fn a_missing_root_is_told() {
    let folder = folder(&[]);
    fs::remove_dir(folder.path()).unwrap();
    assert_eq!(
        told(&folder, open_with(&folder, 0.5, 0.0)),
        "ROOT does not exist; put the images of each class into a folder named after it"
    );
}

#[test]
fn the_fingerprint_tells_names_and_sizes() {
    let files = ["train/ant/1.png", "train/bee/2.png", "val/ant/3.png"];
    let (one, same, other) = (folder(&files), folder(&files), folder(&files));
    fs::write(other.path().join("val/ant/3.png"), "longer or shorter").unwrap();
    let fingerprint = |folder: &TempDir| open_with(folder, 0.5, 0.0).unwrap().fingerprint();
    assert_eq!(fingerprint(&one), fingerprint(&same));
    assert_ne!(fingerprint(&one), fingerprint(&other));
}
