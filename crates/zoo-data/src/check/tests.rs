//! Tests of reports on small folders of photos.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{DataConfig, Image};

/// A picture with something to see in it: a shade that rises by a pattern.
fn picture(width: usize, height: usize, pattern: usize) -> Image {
    let pixel = |index: usize| {
        let (row, column) = (index / width * 16 / height, index % width * 16 / width);
        ((row * pattern + column * (pattern + 3)) * 7 % 200) as u8
    };
    let grey = Image::new(width, height, 1, (0..width * height).map(pixel).collect());
    grey.with_channels(3)
}

/// A folder of ants and bees, and its report without the folder's place.
fn report(files: &[(&str, Image)]) -> (TempDir, DataReport) {
    let folder = tempfile::tempdir().unwrap();
    for (file, image) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image.save_png(path).unwrap();
    }
    let json = serde_json::json!({"folder": {
        "root": folder.path(), "preprocess": {"image_size": 32}
    }});
    let dataset = serde_json::from_value::<DataConfig>(json).unwrap().open().unwrap();
    let report = dataset.examine(|| ());
    (folder, report)
}

/// What twins are called, without the folder's place.
fn told(folder: &TempDir, twins: &[Twins]) -> Vec<Vec<String>> {
    let prefix = format!("{}/", folder.path().display());
    let name = |place: &Place| format!("{} {}", place.split, place.image.replace(&prefix, ""));
    twins.iter().map(|twins| twins.images.iter().map(name).collect()).collect()
}

#[test]
fn counts_sizes_and_figures_are_told() {
    let (folder, report) = report(&[
        ("train/ant/1.png", Image::filled(20, 10, &[0, 51, 255])),
        ("train/ant/2.png", Image::filled(30, 10, &[0, 51, 0])),
        ("train/bee/3.png", picture(40, 40, 1)),
        ("val/ant/4.png", picture(50, 40, 2)),
        ("val/bee/5.png", picture(60, 40, 3)),
    ]);
    assert_eq!(report.classes, ["ant", "bee"]);
    let counts = |counts: &SplitCounts| (counts.split, counts.images, counts.per_class.clone());
    assert_eq!(
        report.splits.iter().map(counts).collect::<Vec<_>>(),
        [(SplitName::Train, 3, vec![2, 1]), (SplitName::Valid, 2, vec![1, 1])]
    );
    assert_eq!(report.imbalance, 2.0);
    let sizes = report.sizes.unwrap();
    let side = |size: &Size| (size.width, size.height);
    assert_eq!(
        [&sizes.smallest, &sizes.median, &sizes.largest].map(side),
        [(20, 10), (40, 40), (60, 40)]
    );
    assert_eq!(sizes.odd_ratios.iter().map(side).collect::<Vec<_>>(), [(30, 10)]);
    assert_eq!(sizes.smallest.image, folder.path().join("train/ant/1.png").display().to_string());
    assert!(report.unreadable.is_empty());
    assert_eq!((report.exact_duplicates.len(), report.near_duplicates.len()), (0, 1));
}

#[test]
fn every_image_counts_the_same_in_the_figures() {
    let (_folder, report) = report(&[
        ("train/ant/1.png", Image::filled(20, 10, &[0, 51, 255])),
        ("train/bee/2.png", Image::filled(2, 1, &[255, 51, 0])),
        ("val/ant/3.png", picture(9, 9, 1)),
        ("val/bee/4.png", picture(9, 9, 2)),
    ]);
    let figures = report.figures.unwrap();
    assert_eq!(figures.mean, [0.5, 0.2, 0.5]);
    assert_eq!(figures.std[0], 0.5);
    assert!(figures.std[1] < 1e-6);
}

#[test]
fn duplicates_leaks_and_contradictions_are_found() {
    let brighter = {
        let mut image = picture(40, 40, 5);
        image.pixels_mut().iter_mut().for_each(|value| *value += 9);
        image
    };
    let (folder, report) = report(&[
        ("train/ant/1.png", picture(40, 40, 5)),
        ("train/ant/2.png", picture(48, 32, 11)),
        ("train/ant/copy.png", picture(40, 40, 5)),
        ("train/bee/3.png", picture(40, 30, 2)),
        ("val/ant/4.png", picture(40, 40, 7)),
        ("val/ant/brighter.png", brighter),
        ("val/bee/2.png", picture(48, 32, 11)),
    ]);
    assert_eq!(
        told(&folder, &report.exact_duplicates),
        [
            ["train train/ant/1.png", "train train/ant/copy.png"],
            ["train train/ant/2.png", "valid val/bee/2.png"]
        ]
    );
    let exact = &report.exact_duplicates;
    assert_eq!([exact[0].is_leak(), exact[0].is_contradiction()], [false, false]);
    assert_eq!([exact[1].is_leak(), exact[1].is_contradiction()], [true, true]);
    assert_eq!(
        told(&folder, &report.near_duplicates),
        [["train train/ant/1.png", "valid val/ant/brighter.png"]]
    );
    let steps: Vec<&str> = report.next_steps.iter().map(|step| &step[..20]).collect();
    assert_eq!(
        steps,
        [
            "Look at the pictures",
            "Remove the duplicate",
            "Weight the classes w",
            "Use strong augmentat"
        ]
    );
}

#[test]
fn what_cannot_be_read_is_listed_and_the_rest_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["train/ant/1", "train/bee/2", "val/ant/3", "val/bee/4"] {
        let path = folder.path().join(file).with_extension("png");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match file {
            "val/bee/4" => fs::write(path, "").unwrap(),
            _ => picture(8, 8, 1).save_png(path).unwrap(),
        }
    }
    let json = serde_json::json!({"folder": {"root": folder.path()}});
    let dataset = serde_json::from_value::<DataConfig>(json).unwrap().open().unwrap();
    let report = dataset.examine(|| ());
    let image = folder.path().join("val/bee/4.png").display().to_string();
    assert_eq!(report.unreadable, [Unreadable { image, reason: "it is empty".to_string() }]);
    assert_eq!(report.splits[1].images, 2);
    assert_eq!(report.exact_duplicates[0].images.len(), 3);
}

#[test]
fn a_sound_dataset_has_nothing_to_be_done() {
    let sea: DataConfig =
        serde_json::from_str(r#"{"sea": {"train": 1000, "valid": 10, "test": 10}}"#).unwrap();
    let report = sea.open().unwrap().examine(|| ());
    assert_eq!(report.imbalance, 1.0);
    assert_eq!(report.next_steps.len(), 1);
    assert!(report.next_steps[0].starts_with("No problems found."), "{:?}", report.next_steps);
}
