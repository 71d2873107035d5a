//! Folders of photos, some of which cannot be read.

mod harness;

use std::fs;

use harness::{Zoo, tiny};
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

#[test]
fn predict_names_what_it_cannot_read_and_goes_on() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q"]);
    zoo.ok(&["augment", "tiny.json", "--out", "sheet.png", "--rows", "2", "--draws", "1"]);
    zoo.write("broken.png", "not a picture");
    let said = zoo.run(&[
        "predict",
        "runs/tiny",
        "broken.png",
        "sheet.png",
        "--top-k",
        "3",
        "--json",
        "--logits",
        "-q",
    ]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("broken.png"), "{}", said.stderr);
    assert!(said.stderr.ends_with("error: 1 of 2 images cannot be read\n"), "{}", said.stderr);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document.as_array().unwrap().len(), 1);
    assert_eq!(document[0]["image"], "sheet.png");
    assert_eq!(document[0]["predictions"].as_array().unwrap().len(), 3);
    assert_eq!(document[0]["logits"].as_array().unwrap().len(), 10);
    let first = &document[0]["predictions"][0];
    assert!(
        first["probability"].as_f64().unwrap()
            >= document[0]["predictions"][1]["probability"].as_f64().unwrap()
    );
}

/// Photos of a class in a folder, or in none.
fn put(zoo: &Zoo, folder: &str, count: u8) {
    fs::create_dir_all(zoo.path(folder)).unwrap();
    for number in 0..count {
        let path = zoo.path(&format!("{folder}/{number}.png"));
        Image::filled(20, 20, &[10 * number + folder.len() as u8; 3]).save_png(path).unwrap();
    }
}

#[test]
fn a_split_that_would_be_empty_is_refused_before_training() {
    let zoo = Zoo::new();
    photos(&zoo);
    for (class, of_test) in [("a", 0), ("b", 0), ("c", 3)] {
        put(&zoo, &format!("kept/train/{class}"), 4);
        put(&zoo, &format!("kept/val/{class}"), 2);
        if of_test > 0 {
            put(&zoo, &format!("kept/test/{class}"), of_test);
        }
    }
    put(&zoo, "flat/train/a", 4);
    put(&zoo, "flat/train/b", 4);
    put(&zoo, "flat/val", 8);
    let refused = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        zoo.refused(&["train", "photos.json"].into_iter().chain(sets).collect::<Vec<_>>())
    };
    assert_eq!(
        refused(&["data.folder.root=flat"]),
        "error: the valid split would be empty: flat/val holds 8 images, but no class folders; put the images \
         of each class into a folder named after it, as in the train split, or move flat/val away\n"
    );
    assert_eq!(
        refused(&["data.folder.root=kept", r#"data.folder.split.classes=["a", "b"]"#]),
        "error: the test split would be empty: it has no image of the classes that split.classes keeps (a, b); \
         keep others, or leave split.classes out\n"
    );
    assert!(!zoo.path("runs").exists());
}

#[test]
fn splits_go_by_other_names_and_fractions_are_of_all_images() {
    let zoo = Zoo::new();
    photos(&zoo);
    for class in 0..20 {
        put(&zoo, &format!("small/c{class:02}"), 5);
    }
    for class in ["ant", "bee"] {
        put(&zoo, &format!("cases/Train/{class}"), 6);
        put(&zoo, &format!("cases/Test/{class}"), 3);
    }
    let train = |run: &str, root: &str, valid: &str| {
        let sets = [format!("data.folder.root={root}"), format!("data.folder.split.valid={valid}")];
        let said = zoo.run(&[
            "train",
            "photos.json",
            "--run-dir",
            run,
            "--set",
            &sets[0],
            "--set",
            &sets[1],
        ]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        let data = zoo.json(&format!("{run}/manifest.json"))["data"].take();
        let counts = ["train", "valid", "test"].map(|split| data[split].as_u64().unwrap());
        (counts, said.stderr)
    };
    let (counts, said) = train("cased", "cases", "0.25");
    assert_eq!(counts, [9, 3, 6]);
    let note = "note: cases: Test is the test split, Train is the train split\n";
    assert!(said.contains(note), "{said}");
    assert_eq!(train("few", "small", "0.3").0, [70, 30, 0]);
}

#[cfg(unix)]
#[test]
fn pipes_and_links_to_nowhere_are_named_and_circles_left_alone() {
    use std::os::unix::fs::symlink;
    let zoo = Zoo::new();
    photos(&zoo);
    for class in ["ant", "bee"] {
        fs::remove_file(zoo.path(&format!("photos/{class}/8.jpg"))).unwrap();
    }
    let pipe = std::process::Command::new("mkfifo").arg(zoo.path("photos/ant/pipe.jpg")).status();
    assert!(pipe.expect("mkfifo is there").success());
    symlink("/nonexistent/9.png", zoo.path("photos/bee/9.png")).unwrap();
    symlink("..", zoo.path("photos/bee/loop")).unwrap();
    let said = zoo.refused(&["train", "photos.json"]);
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort();
    let expected = [
        "  photos/ant/pipe.jpg: it is a pipe, not a file",
        "  photos/bee/9.png: No such file or directory (os error 2)",
        "error: 2 images cannot be read; replace or remove them, or set on_unreadable to \"skip\":",
    ];
    assert_eq!(lines, expected);
    let circle = "photos/bee/loop: not followed, since it leads back";
    let skip = "data.folder.on_unreadable=skip";
    let said = zoo.run(&["train", "photos.json", "--set", skip]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains(&format!("note: {circle}")), "{}", said.stderr);
    let data = zoo.json("runs/photos/manifest.json")["data"].take();
    assert_eq!(data["train"].as_u64().unwrap() + data["valid"].as_u64().unwrap(), 14);
    assert_eq!(data["skipped"].as_array().unwrap().len(), 2);

    let said = zoo.run(&["predict", "runs/photos", "photos", "--csv"]);
    assert_eq!((said.code, said.stdout.lines().count()), (1, 15));
    for line in [
        format!("note: {circle}\n"),
        String::from(
            "error: cannot decode photos/ant/pipe.jpg: it is a pipe, not a file; replace or remove the image\n",
        ),
        String::from(
            "error: cannot read photos/bee/9.png: No such file or directory (os error 2); ",
        ),
        String::from("error: 2 of 16 images cannot be read\n"),
    ] {
        assert!(said.stderr.contains(&line), "{line}{}", said.stderr);
    }
}
