use std::sync::Arc;

use zoo_data::{DataError, Image, ImageSource};

use super::*;
use crate::evaluation::Scored;

/// What must not come through to a page as it is.
const HOSTILE: &str = r#"<script src="https://example.org/x.js">alert('1' & "2")</script>"#;

/// Grey images, of which one cannot be read, with hostile names.
struct Photos;

impl ImageSource for Photos {
    fn label(&self, index: usize) -> usize {
        index
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        match index {
            0 => Err(DataError::Decode { name: self.name(0), reason: String::from("cut short") }),
            _ => Ok(Image::filled(300, 200, &[128])),
        }
    }

    fn name(&self, index: usize) -> String {
        format!("photos/{HOSTILE}/{index}.png")
    }

    fn stamp(&self, _: &mut sha2::Sha256) {}
}

/// A report of an image a class, of which all but the first are taken for the class before.
fn write(classes: &[String]) -> tempfile::TempDir {
    let indices: Vec<usize> = (0..classes.len()).collect();
    let split = Split::new(Arc::new(Photos), indices.clone());
    let scored = indices.iter().map(|&index| Scored {
        index,
        label: index,
        prediction: index.saturating_sub(1),
        probability: 0.75,
        rank: 1 + usize::from(index > 0),
        loss: 1.0 + index as f64,
    });
    let evaluation = Evaluation { scored: scored.collect(), seconds: 1.0 };
    let report = Report::of(&evaluation, "test", &split, classes, 2);
    let folder = tempfile::tempdir().unwrap();
    let run = RunReport {
        title: HOSTILE.to_string(),
        facts: vec![("run", HOSTILE.to_string())],
        report: &report,
        evaluation: &evaluation,
        split: &split,
        curves: None,
    };
    run.write(&Folder::open(folder.path(), false).unwrap()).unwrap();
    folder
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// Everything that the page would fetch is in it.
fn assert_self_contained(page: &str) {
    for address in ["http://", "https://", "<script", "<link rel=\"stylesheet", "@import", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    for attribute in ["src=\"", "href=\""] {
        for value in page.split(attribute).skip(1) {
            assert!(value.starts_with("data:"), "{attribute}{}", &value[..40.min(value.len())]);
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let classes = [HOSTILE.to_string(), String::from("🦀, \"crab\""), "long ".repeat(40)];
    let folder = write(&classes);
    let page = read(&folder, "index.html");
    assert_self_contained(&page);
    assert!(page.contains("&lt;script src=&quot;https:&#x2f;&#x2f;example.org"), "{page}");
    assert!(page.contains("🦀, &quot;crab&quot;"));
    assert!(page.contains(&classes[2]));
    assert!(page.contains("cannot be read"));
    assert_eq!(page.matches("<img src=\"data:image&#x2f;png;base64,").count(), 2);

    let predictions = read(&folder, "predictions.csv");
    let mut reader = csv::Reader::from_reader(predictions.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let second: Vec<&str> = rows[1].iter().collect();
    let name = format!("photos/{HOSTILE}/1.png");
    let expected = [&*name, "1", &classes[1], "1", HOSTILE, "0", "0.75", "2", "false"];
    assert_eq!(second, expected);

    let mut reader = csv::Reader::from_reader(folder_file(&folder, "confusion.csv"));
    let head: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(head[1..], classes);
    let row = reader.records().next().unwrap().unwrap();
    assert_eq!(row.iter().collect::<Vec<_>>(), [HOSTILE, "1", "0", "0"]);
}

fn folder_file(folder: &tempfile::TempDir, name: &str) -> fs::File {
    fs::File::open(folder.path().join(name)).unwrap()
}

#[test]
fn figures_are_on_the_page() {
    let page = read(&write(&["cat", "dog", "eel"].map(String::from)), "index.html");
    for text in [
        "33.33\u{a0}%",
        "95 % interval 6.15 to 79.23",
        "2.0000",
        "<th><bdi>dog</bdi></th><td class=\"word\"><bdi>cat</bdi></td><td>1</td><td>100.0\u{a0}%</td>",
        "✗ predicted as <bdi>dog</bdi>, 75.0\u{a0}%",
        "loss 3.00",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn a_thousand_classes_make_a_page_of_ordinary_size() {
    let classes: Vec<String> = (0..1000).map(|number| format!("class {number}")).collect();
    let folder = write(&classes);
    let page = read(&folder, "index.html");
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(page.contains("Of 1000 classes, the most confused are shown"));
    assert!(page.contains("Of 1000 classes, the 50 with the lowest F1"));
    assert_eq!(read(&folder, "per-class.csv").lines().count(), 1001);
}

#[test]
fn ten_thousand_classes_cost_no_square() {
    let classes: Vec<String> = (0..10_000).map(|number| format!("class {number}")).collect();
    let folder = write(&classes);
    assert!(read(&folder, "index.html").len() < 500_000);
    let json = read(&folder, "report.json");
    assert!(json.len() < 10_000_000, "{} bytes", json.len());
    let report: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(report.confusion_matrix.count(9_999, 9_998), 1);
    let confusion = read(&folder, "confusion.csv");
    let rows: Vec<&str> = confusion.lines().collect();
    assert_eq!(rows.len(), 10_000);
    assert_eq!(rows[..3], ["class,prediction,images", "class 1,class 0,1", "class 2,class 1,1"]);
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = write(&["a", "b"].map(String::from));
    let error = Folder::open(folder.path(), false).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().ends_with("or write to it anyway with --force"), "{error}");
    assert!(Folder::open(folder.path(), true).is_ok());
    let file = folder.path().join("index.html");
    let error = Folder::open(&file, true).unwrap_err().to_string();
    assert!(error.ends_with("is a file, not a folder"), "{error}");
}
