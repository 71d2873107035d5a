//! Folders of photos, some of which cannot be read.

mod harness;

use std::fs;

use harness::Zoo;
use serde_json::{Value, json};
use zoo_data::Image;

/// Eight photos of ants, which are dark, and of bees, which are bright; the last of each is broken.
fn photos(zoo: &Zoo) {
    for (class, shade) in [("ant", 40), ("bee", 200)] {
        fs::create_dir_all(zoo.path(&format!("photos/{class}"))).unwrap();
        for number in 1..=8 {
            let path = zoo.path(&format!("photos/{class}/{number}"));
            match number {
                8 => fs::write(path.with_extension("jpg"), "<html>not found</html>").unwrap(),
                _ => Image::filled(20, 10 + number, &[shade; 3]).save_png(path).unwrap(),
            }
        }
    }
    fs::write(zoo.path("photos/ant/Thumbs.db"), "").unwrap();
    let config = json!({
        "data": {"folder": {
            "root": "photos", "split": {"valid": 0.25}, "preprocess": {"image_size": 16}
        }},
        "loader": {"batch_size": 4},
        "model": {"cnn": {"widths": [4], "hidden": 0}},
        "train": {"epochs": 1}
    });
    zoo.write("photos.json", &config.to_string());
}

#[test]
fn all_broken_photos_are_told_before_training() {
    let zoo = Zoo::new();
    photos(&zoo);
    let reason = "its content is not JPEG, PNG, WebP, BMP, GIF or TIFF";
    let said = zoo.refused(&["train", "photos.json"]);
    let (head, list) = said.split_once('\n').unwrap();
    assert_eq!(
        head,
        "error: 2 images cannot be read; replace or remove them, or set on_unreadable to \"skip\":"
    );
    let mut list: Vec<&str> = list.lines().collect();
    list.sort();
    let expected =
        ["photos/ant/8.jpg", "photos/bee/8.jpg"].map(|file| format!("  {file}: {reason}"));
    assert_eq!(list, expected);
    assert!(!zoo.path("runs").exists());
}

#[test]
fn skipped_photos_are_named_in_the_manifest() {
    let zoo = Zoo::new();
    photos(&zoo);
    let skip = "data.folder.on_unreadable=skip";
    let said = zoo.run(&["train", "photos.json", "--set", skip]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains("note: images that cannot be read, left out: 2\n"),
        "{}",
        said.stderr
    );
    let manifest = zoo.json("runs/photos/manifest.json");
    let data = &manifest["data"];
    assert_eq!(data["train"].as_u64().unwrap() + data["valid"].as_u64().unwrap(), 14);
    let skipped: Vec<&Value> = data["skipped"].as_array().unwrap().iter().collect();
    let mut files: Vec<&str> =
        skipped.iter().map(|image| image["image"].as_str().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["photos/ant/8.jpg", "photos/bee/8.jpg"]);
    assert_eq!(skipped[0]["reason"], "its content is not JPEG, PNG, WebP, BMP, GIF or TIFF");
    // The run's own config says to skip them too.
    zoo.ok(&["evaluate", "runs/photos", "--split", "train", "-q"]);
    zoo.ok(&["bench", "photos.json", "--what", "load", "--steps", "2", "-q", "--set", skip]);
}

#[test]
fn predict_takes_every_kind_of_image_in_a_folder() {
    let zoo = Zoo::new();
    photos(&zoo);
    zoo.ok(&["train", "photos.json", "-q", "--set", "data.folder.on_unreadable=skip"]);
    let said = zoo.run(&["predict", "runs/photos", "photos/ant", "--json", "-q"]);
    assert_eq!(said.code, 1);
    assert_eq!(
        said.stderr,
        "error: cannot decode photos/ant/8.jpg: its content is not JPEG, PNG, WebP, BMP, GIF or TIFF; \
         replace or remove the image\nerror: 1 of 8 images cannot be read\n"
    );
    let predicted: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(predicted.as_array().unwrap().len(), 7);
}
