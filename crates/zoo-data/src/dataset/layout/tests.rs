//! Tests of which folders are splits, on empty files that are called like images.

use std::fs;

use tempfile::TempDir;

use super::*;

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        if file.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }
    folder
}

/// The folders of the train, valid and test split and the notes, a line each; or what is wrong.
fn told_with(files: &[&str], classes: Option<&[&str]>) -> String {
    let folder = folder(files);
    let classes: Option<Vec<String>> =
        classes.map(|classes| classes.iter().map(|&class| class.to_owned()).collect());
    let told = match SplitFolders::read(folder.path(), classes.as_deref()) {
        Ok(layout) => {
            let levels = [Some(layout.train), layout.valid, layout.test];
            let level = |level: Level| {
                level.folders.iter().map(|folder| shown(folder)).collect::<Vec<_>>().join(" ")
            };
            let mut lines: Vec<String> =
                levels.into_iter().map(|found| found.map_or("-".to_string(), level)).collect();
            lines.extend(layout.notes);
            lines.join("\n")
        }
        Err(error) => error.to_string(),
    };
    let root = folder.path().display().to_string();
    told.replace(&format!("{root}/"), "").replace(&root, "ROOT")
}

fn told(files: &[&str]) -> String {
    told_with(files, None)
}

#[test]
fn splits_go_by_several_names_in_any_case() {
    assert_eq!(
        told(&["train/a/1.png", "train/b/1.png", "val/a/1.png", "test/b/1.png"]),
        "train/a train/b\nval/a\ntest/b"
    );
    assert_eq!(
        told(&["Training/a/1.png", "Training/b/1.png", "Testing/a/1.png"]),
        "Training/a Training/b\n-\nTesting/a\n\
         ROOT: Testing is the test split, Training is the train split"
    );
    assert_eq!(
        told(&["train_set/a/1.png", "val2017/a/1.png", "TEST/a/1.png"]),
        "train_set/a\nval2017/a\nTEST/a\n\
         ROOT: TEST is the test split, train_set is the train split, val2017 is the valid split"
    );
    assert_eq!(
        told(&["train/a/1.png", "dev/a/1.png", "validation/a/1.png"]),
        "dev and validation would both be the valid split; rename or remove one"
    );
    assert_eq!(
        told(&["train/a/1.png", "Train/a/1.png"]),
        "Train and train would both be the train split; rename or remove one"
    );
}

#[test]
fn what_is_not_used_is_noted() {
    assert_eq!(
        told(&[
            "train/a/1.png",
            "train/2.png",
            "train/3.png",
            "extra/1.png",
            "pred/1.png",
            "x.jpg"
        ]),
        "train/a\n-\n-\n\
         ROOT: left out images that are in no class folder: x.jpg\n\
         ROOT: left out folders that are no split: extra and 1 more\n\
         train: left out images that are in no class folder: 2.png and 1 more"
    );
    assert_eq!(
        told(&["a/1.png", "b/1.png", "x.jpg", "readme.txt"]),
        "a b\n-\n-\nROOT: left out images that are in no class folder: x.jpg"
    );
}

#[test]
fn a_split_without_class_folders_is_refused() {
    let advice =
        "put the images of each class into a folder named after it, as in the train split, or move";
    assert_eq!(
        told(&["train/a/1.png", "val/1.png", "val/2.png"]),
        format!(
            "the valid split would be empty: val holds 2 images, but no class folders; {advice} val away"
        )
    );
    assert_eq!(
        told(&["train/a/1.png", "test/"]),
        format!("the test split would be empty: test is empty; {advice} test away")
    );
}

#[test]
fn a_split_among_class_folders_is_no_class_without_a_word() {
    assert_eq!(
        told(&["a/1.png", "b/1.png", "test/a/1.png"]),
        "a b\n-\ntest/a\ntest is the test split: it has folders of the classes beside it"
    );
    let flat = ["a/1.png", "b/1.png", "Test/1.png"];
    assert_eq!(
        told(&flat),
        "Test lies beside class folders and is called like the test split, but has no folders of these \
         classes; if it is one, put the images of each class into a folder in it; if it is a class, say \
         so by naming all classes in split.classes; if it is neither, move it away"
    );
    assert_eq!(told_with(&flat, Some(&["a", "b", "Test"])), "Test a b\n-\n-");
    assert_eq!(told_with(&flat, Some(&["a", "b"])), "Test a b\n-\n-");
    assert_eq!(
        told(&["train/1.png", "bus/1.png"]),
        "bus train\n-\n-\n\
         train is taken for a class; if it is the train split, call it train and put the images of each \
         class into a folder in it"
    );
    assert_eq!(
        told_with(&["train/1.png", "bus/1.png"], Some(&["bus", "train"])),
        "bus train\n-\n-"
    );
    assert_eq!(
        told(&["seg_train/a/1.png", "seg_pred/1.png"]),
        "seg_pred seg_train\n-\n-\n\
         seg_train is taken for a class; if it is the train split, call it train and put the images of \
         each class into a folder in it"
    );
    // As many photos of stations lie in folders.
    assert_eq!(
        told(&["train_station/1.png", "bus_station/1.png"]),
        "bus_station train_station\n-\n-"
    );
}

#[test]
fn splits_with_nothing_to_train_on_are_refused() {
    assert_eq!(
        told(&["train/cat.1.png", "test/1.png"]),
        "ROOT has the folder test, but no folder train with class folders in it; there is nothing to train on"
    );
    assert_eq!(
        told(&["val/a/1.png", "val/b/1.png"]),
        "ROOT has the folder val, but no folder train with class folders in it; there is nothing to train on"
    );
    assert_eq!(
        told(&["train/cat.1.png"]),
        "train contains no folders; put the images of each class into their own folder, named after \
         the class"
    );
}

#[test]
fn names_of_splits_are_told_from_others() {
    use SplitName::{Test, Train, Valid};
    for (name, split) in [
        ("train", Some(Train)),
        ("Training", Some(Train)),
        ("TRAIN", Some(Train)),
        ("training_set", Some(Train)),
        ("train-images", Some(Train)),
        ("train2017", Some(Train)),
        ("val", Some(Valid)),
        ("Validation", Some(Valid)),
        ("dev", Some(Valid)),
        ("test", Some(Test)),
        ("Testing Set", Some(Test)),
        ("seg_train", None),
        ("bullet train", None),
        ("tester", None),
        ("set", None),
        ("images", None),
        ("train1", None),
        ("7", None),
        ("", None),
    ] {
        assert_eq!(split_of(name), split, "{name}");
    }
    assert_eq!(split_like("seg_train"), Some(Train));
    assert_eq!(split_like("TestImages"), Some(Test));
    assert_eq!(split_like("steam"), None);
}
