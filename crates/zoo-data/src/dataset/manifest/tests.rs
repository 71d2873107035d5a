//! Tests of tables that list pictures of one pixel.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{DataConfig, Image};

/// A folder of pictures 1.png to 8.png and a table.
fn folder(name: &str, table: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    for number in 1..=8 {
        let path = folder.path().join(format!("photos/{number}.png"));
        Image::filled(1, 1, &[number; 3]).save_png(path).unwrap();
    }
    fs::write(folder.path().join(name), table).unwrap();
    folder
}

fn open(folder: &TempDir, name: &str, split: serde_json::Value) -> Result<Dataset, DataError> {
    let (path, root) = (folder.path().join(name), folder.path().join("photos"));
    let json = serde_json::json!({"manifest": {"path": path, "root": root, "split": split}});
    serde_json::from_value::<DataConfig>(json).unwrap().open()
}

/// Labels and file names of a split.
fn content(split: &crate::Split) -> Vec<(usize, String)> {
    let name = |position| Path::new(&split.name(position)).file_name().unwrap().to_owned();
    (0..split.len())
        .map(|position| (split.label(position), name(position).into_string().unwrap()))
        .collect()
}

fn message(name: &str, table: &str) -> String {
    let folder = folder(name, table);
    let error = open(&folder, name, serde_json::json!({"valid": 0.5})).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "DIR")
}

const WITH_SPLITS: &str = "\
id,image,label,split
7,1.png,bee,train
8,\"2.png\",ant,train
9,3.png,bee,val
10,4.png,bee,test
";

#[test]
fn a_table_tells_labels_and_splits() {
    let folder = folder("a.csv", WITH_SPLITS);
    let dataset = open(&folder, "a.csv", serde_json::json!({})).unwrap();
    assert_eq!(
        (dataset.name, &dataset.classes[..]),
        ("manifest", &["ant".to_string(), "bee".to_string()][..])
    );
    let owned = |rows: &[(usize, &str)]| -> Vec<(usize, String)> {
        rows.iter().map(|&(label, name)| (label, name.to_owned())).collect()
    };
    assert_eq!(content(&dataset.train), owned(&[(1, "1.png"), (0, "2.png")]));
    assert_eq!(content(&dataset.valid), owned(&[(1, "3.png")]));
    assert_eq!(content(dataset.test.as_ref().unwrap()), owned(&[(1, "4.png")]));
    assert_eq!(dataset.train.sample(1).unwrap().image, Image::filled(1, 1, &[2; 3]));
}

#[test]
fn every_format_reads_the_same() {
    let csv = folder("a.csv", WITH_SPLITS);
    let expected = open(&csv, "a.csv", serde_json::json!({})).unwrap().fingerprint();
    let tsv = format!("\u{feff}{}", WITH_SPLITS.replace(',', "\t").replace('\n', "\r\n"));
    let tsv = folder("a.tsv", &tsv);
    assert_eq!(open(&tsv, "a.tsv", serde_json::json!({})).unwrap().fingerprint(), expected);
    let jsonl = folder(
        "a.jsonl",
        r#"{"image": "1.png", "label": "bee", "split": "train", "id": 7}
{"image": "2.png", "label": "ant", "split": "train"}

{"image": "3.png", "label": "bee", "split": "valid", "group": null}
{"image": "4.png", "label": "bee", "split": "test"}"#,
    );
    assert_eq!(open(&jsonl, "a.jsonl", serde_json::json!({})).unwrap().fingerprint(), expected);
}

#[test]
fn without_splits_the_images_are_divided() {
    let rows: String = (1..=8).map(|number| format!("{number}.png,{}\n", number % 2 + 9)).collect();
    let folder = folder("a.csv", &format!("image,label\n{rows}"));
    let dataset = open(&folder, "a.csv", serde_json::json!({"valid": 0.25, "test": 0.25})).unwrap();
    // Numbers are sorted as such.
    assert_eq!(dataset.classes, ["9", "10"]);
    let counts = [&dataset.train, &dataset.valid, dataset.test.as_ref().unwrap()]
        .map(|split| split.class_counts(2));
    assert_eq!(counts, [[2, 2], [1, 1], [1, 1]]);
}

#[test]
fn groups_stay_together() {
    let row = |number: usize| format!("{number}.png,{},dive{}\n", number % 2, (number - 1) / 2);
    let rows: String = (1..=8).map(row).collect();
    let folder = folder("a.csv", &format!("image,label,group\n{rows}"));
    let dataset = open(&folder, "a.csv", serde_json::json!({"valid": 0.25})).unwrap();
    let valid = content(&dataset.valid);
    assert_eq!(valid.len(), 2);
    let number = |name: &str| name[..1].parse::<usize>().unwrap();
    assert_eq!((number(&valid[0].1) - 1) / 2, (number(&valid[1].1) - 1) / 2);
    assert_eq!(
        dataset.notes,
        ["4 groups of images, each in one split: 75.0 % of the images for training, 25.0 % for \
          validation, 0.0 % for testing"]
    );
    let error = open(&folder, "a.csv", serde_json::json!({"group": "(.)"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`split.group`: expected nothing, because the images already have groups, found \"(.)\""
    );
}

#[test]
fn an_image_that_is_not_there_is_told_when_all_are_looked_at() {
    let folder = folder("a.csv", "image,label\n1.png,a\n2.png,b\n9.png,a\n10.png,b\n");
    let mut dataset = open(&folder, "a.csv", serde_json::json!({"valid": 0.5})).unwrap();
    let error = dataset.check_images(&SplitName::ALL, || ()).unwrap_err().to_string();
    assert!(error.starts_with("2 images cannot be read; "), "{error}");
    assert!(error.contains("9.png: ") && error.contains("10.png: "), "{error}");
}

#[test]
fn a_wrong_table_is_told_with_its_line() {
    for (name, table, expected) in [
        (
            "a.csv",
            "image,lable\n1.png,a\n",
            "a.csv, line 1: there is no column \"label\"; the columns are: image, lable",
        ),
        (
            "a.csv",
            "image,label\n1.png\n",
            "a.csv, line 2: there are 1 cells, but the header has 2; quote cells that contain commas",
        ),
        ("a.csv", "image,label\n1.png,a\n2.png,\n", "a.csv, line 3: label is empty"),
        (
            "a.csv",
            "image,label,split\n1.png,a,tran\n",
            "a.csv, line 2: split is \"tran\", but must be train, valid or test",
        ),
        ("a.csv", "image,label,group\n1.png,a,\n", "a.csv, line 2: group is empty"),
        (
            "a.csv",
            "image,label\n1.png,a\n1.png,b\n",
            "a.csv, line 3: 1.png is listed already, in line 2, with the label \"a\" in place of \"b\"; an image \
             has one label",
        ),
        (
            "a.csv",
            "image,label\n1.png,a\n2.png,b\n./1.png,a\n",
            "a.csv, line 4: ./1.png is listed already, in line 2",
        ),
        (
            "a.csv",
            "image,label,label\n1.png,a,b\n",
            "a.csv, line 1: there are several columns \"label\"",
        ),
        (
            "a.csv",
            "image,label,split\n1.png,a,test\n2.png,b,val\n",
            "a.csv: no row belongs to the train split",
        ),
        ("a.csv", "image,label\n", "a.csv: it lists no images"),
        (
            "a.csv",
            "image,label\n1.png,a\n2.png,a\n",
            "a.csv: all images have the label \"a\"; a classifier needs at least two classes",
        ),
        ("a.xlsx", "", "a.xlsx: its name should end in .csv, .tsv or .jsonl"),
        ("a.jsonl", "{\"image\": \"1.png\"}\n", "a.jsonl, line 1: there is no \"label\""),
        (
            "a.jsonl",
            "{\"image\": \"1.png\", \"label\": \"a\", \"group\": 1}\n{\"image\": \"2.png\", \"label\": \"b\"}\n",
            "a.jsonl, line 2: some rows have a group, others, such as this one or the first, have none",
        ),
        (
            "a.jsonl",
            "\n[1]\n",
            "a.jsonl, line 2: it is not a JSON object: invalid type: sequence, expected a map",
        ),
    ] {
        assert_eq!(message(name, table), format!("DIR/{expected}"));
    }
    assert_eq!(
        message("a.csv", "image,label,split\n1.png,a,train\n2.png,b,val\n"),
        "class \"b\" has 1 images, and none is left for training; lower split.valid and split.test, or add images"
    );
}

#[test]
fn blanks_marks_and_names_of_splits_read_the_same_in_every_format() {
    let csv = "\u{feff}image , label,split\r\n 1.png,a ,Train\r\n2.png, b,training\r\n3.png,b,Validation\r\n";
    let jsonl = "\u{feff}{\"image\": \" 1.png\", \"label\": \"a \", \"split\": \" Train\"}\n\
                 {\"image\": \"2.png\", \"label\": \" b\", \"split\": \"training\"}\n\
                 {\"image\": \"3.png\", \"label\": \"b\", \"split\": \"Validation\"}\n";
    for (name, table) in [("a.csv", csv), ("a.jsonl", jsonl)] {
        let folder = folder(name, table);
        let dataset = open(&folder, name, serde_json::json!({})).unwrap();
        assert_eq!(dataset.classes, ["a", "b"], "{name}");
        assert_eq!(content(&dataset.train), [(0, "1.png".to_string()), (1, "2.png".to_string())]);
        assert_eq!(content(&dataset.valid), [(1, "3.png".to_string())]);
    }
}

/// Images of both splits, below the folder, and the notes.
fn found(folder: &TempDir, table: &[u8]) -> (Vec<String>, Vec<String>) {
    fs::write(folder.path().join("a.csv"), table).unwrap();
    let dataset = open(folder, "a.csv", serde_json::json!({"valid": 0.5})).unwrap();
    let own = |text: String| text.replace(&folder.path().display().to_string(), "DIR");
    let splits = [&dataset.train, &dataset.valid];
    let names = splits.map(|split| (0..split.len()).map(|position| own(split.name(position))));
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    names.sort();
    (names, dataset.notes.iter().cloned().map(own).collect())
}

#[cfg(unix)]
#[test]
fn paths_of_other_systems_mean_the_files_that_are_there() {
    let folder = folder("a.csv", "");
    let photos = folder.path().join("photos");
    let cafe = photos.join("cafe\u{301}");
    fs::create_dir(&cafe).unwrap();
    fs::rename(photos.join("1.png"), cafe.join("1.png")).unwrap();
    let (names, notes) = found(
        &folder,
        "image,label\ncaf\u{e9}\\1.png,a\n..\\photos\\2.png,b\n3.png,b\n".as_bytes(),
    );
    assert_eq!(
        names,
        ["DIR/photos/../photos/2.png", "DIR/photos/3.png", "DIR/photos/cafe\u{301}/1.png"]
    );
    assert_eq!(
        notes,
        [
            "DIR/a.csv: took backslashes for separators of folders in 2 paths, such as caf\u{e9}\\1.png",
            "DIR/a.csv: took files whose names are spelled otherwise in Unicode (NFC, NFD) for a path, such \
             as caf\u{e9}\\1.png",
        ]
    );
    // A file of that very name comes first.
    fs::copy(photos.join("3.png"), photos.join("..\\3.png")).unwrap();
    let (names, notes) = found(&folder, b"image,label\n..\\3.png,a\n2.png,b\n4.png,b\n");
    assert_eq!(names, ["DIR/photos/..\\3.png", "DIR/photos/2.png", "DIR/photos/4.png"]);
    assert_eq!(notes, [""; 0]);
    // The bytes of a name that is no text stand escaped in a table.
    use std::os::unix::ffi::OsStrExt;
    let latin = photos.join(std::ffi::OsStr::from_bytes(b"k\xe4fer.png"));
    fs::rename(photos.join("4.png"), latin).unwrap();
    let (names, notes) = found(&folder, b"image,label\nk\\xE4fer.png,a\n2.png,b\n3.png,b\n");
    assert_eq!(names, ["DIR/photos/2.png", "DIR/photos/3.png", "DIR/photos/k\\xE4fer.png"]);
    assert_eq!(notes, [""; 0]);
}

#[test]
fn spellings_of_a_label_are_one_class() {
    let table = "image,label\n1.png,caf\u{e9}\n2.png,cafe\u{301}\n3.png,bar\n4.png,bar\n";
    let folder = folder("a.csv", table);
    let dataset = open(&folder, "a.csv", serde_json::json!({"valid": 0.5})).unwrap();
    assert_eq!(dataset.classes, ["bar", "caf\u{e9}"]);
    assert_eq!(dataset.train.class_counts(2), [1, 1]);
}

#[test]
fn other_encodings_are_told_with_their_line() {
    let refused = |table: &[u8]| {
        let folder = folder("a.csv", "");
        fs::write(folder.path().join("a.csv"), table).unwrap();
        let error = open(&folder, "a.csv", serde_json::json!({})).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(
        refused(b"image,label\n1.png,ant\n2.png,k\xe4fer\n"),
        "DIR/a.csv, line 3: it has the byte 0xE4, not UTF-8; save it as UTF-8, or convert it, as \
         `iconv -f WINDOWS-1252 -t UTF-8` does; in a spreadsheet, the format is called \"CSV UTF-8\""
    );
    let wide: Vec<u8> = "\u{feff}image".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        refused(&wide),
        "DIR/a.csv, line 1: it is UTF-16, not UTF-8; save it as UTF-8, or convert it, as \
         `iconv -f UTF-16 -t UTF-8` does; in a spreadsheet, the format is called \"CSV UTF-8\""
    );
}
