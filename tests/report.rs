//! What a run leaves to look at, and the report of one run.

mod harness;

use std::{fs, path::Path};

use harness::{Zoo, tiny};
use serde_json::{Value, json};

/// A folder with a trained run in `runs/tiny`.
fn trained() -> Zoo {
    let zoo = Zoo::new();
    zoo.write("tiny.json", &tiny(json!({"cnn": {"widths": [4], "hidden": 0}})).to_string());
    zoo.ok(&["train", "tiny.json", "-q"]);
    zoo
}

fn rows(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn a_run_ends_with_curves_and_a_table_of_epochs() {
    let zoo = trained();
    let epochs = zoo.read("runs/tiny/epochs.csv");
    let epochs = rows(&epochs);
    assert_eq!(
        epochs[0],
        [
            "epoch",
            "step",
            "train_loss",
            "train_accuracy",
            "valid_loss",
            "valid_accuracy",
            "valid_top_k_accuracy",
            "lr",
            "train_images_per_second",
            "seconds"
        ]
    );
    let places: Vec<_> = epochs[1..].iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(places, [("1", "3"), ("2", "6")]);
    let lines = zoo.read("runs/tiny/metrics.jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Of the first epoch, a line of two steps and one of the third.
    let expected =
        (2.0 * lines[0]["loss"].as_f64().unwrap() + lines[1]["loss"].as_f64().unwrap()) / 3.0;
    assert!((epochs[1][2].parse::<f64>().unwrap() - expected).abs() < 1e-12, "{:?}", epochs[1]);
    assert_eq!(epochs[2][4].parse::<f64>().unwrap(), lines[5]["loss"].as_f64().unwrap());

    let curves = zoo.read("runs/tiny/curves.svg");
    assert!(curves.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{curves}");
    for text in [">loss</text>", ">accuracy in %</text>", ">learning rate</text>", "<polyline"] {
        assert!(curves.contains(text), "{text}");
    }
    assert_eq!(curves.matches("<svg").count(), curves.matches("</svg>").count());
}

#[test]
fn the_report_of_a_run_is_a_folder_that_needs_nothing_else() {
    let zoo = trained();
    let said = zoo.ok(&["evaluate", "runs/tiny", "--out", "report", "-q"]);
    assert!(said.ends_with("images/s\n\nreport/index.html\n"), "{said}");
    let mut files: Vec<_> = fs::read_dir(zoo.path("report"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let expected =
        ["confusion.csv", "index.html", "per-class.csv", "predictions.csv", "report.json"];
    assert_eq!(files, expected);

    let (report, run) = (zoo.json("report/report.json"), zoo.json("runs/tiny/report.json"));
    for key in ["accuracy_interval", "macro_average", "calibration", "most_confused", "hardest"] {
        assert_eq!(report[key], run[key], "{key}");
    }
    let predictions = zoo.read("report/predictions.csv");
    let predictions = rows(&predictions);
    assert_eq!(predictions.len(), 21);
    let right = predictions.iter().filter(|row| row[8] == "true").count();
    assert_eq!(report["accuracy"].as_f64().unwrap(), right as f64 / 20.0);
    for row in &predictions[1..] {
        assert_eq!(row[8], (row[3] == row[5]).to_string(), "{row:?}");
    }
    let losses = predictions[1..].iter().map(|row| row[7].parse::<f64>().unwrap());
    let worst = losses.fold(0.0, f64::max);
    assert_eq!(report["hardest"][0]["loss"].as_f64().unwrap(), worst);
    let page = zoo.read("report/index.html");
    assert_eq!(page.matches("<img ").count(), 20);
    assert!(page.contains("aria-label=\"loss over epoch\""), "no curves");

    assert_eq!(
        zoo.refused(&["evaluate", "runs/tiny", "--out", "report", "-q"]),
        "error: report: is not empty: choose another folder, or write to it anyway with --force\n"
    );
    let said = zoo.ok(&["evaluate", "runs/tiny", "--out", "report", "--force", "--json", "-q"]);
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["hardest"], report["hardest"]);
}

#[test]
fn predictions_of_a_folder_are_told_as_text_csv_and_json() {
    let zoo = trained();
    fs::create_dir_all(zoo.path("photos/deep")).unwrap();
    fs::create_dir_all(zoo.path("photos/.hidden")).unwrap();
    zoo.ok(&["augment", "tiny.json", "--out", "photos/b.png", "--rows", "1", "--draws", "1"]);
    for copy in ["photos/deep/a, b.png", "photos/.hidden/c.png", "photos/.d.png"] {
        fs::copy(zoo.path("photos/b.png"), zoo.path(copy)).unwrap();
    }
    let predict = |flags: &[&str]| {
        let args = ["predict", "runs/tiny", "photos", "-q", "--unsure-below", "1"];
        zoo.ok(&args.into_iter().chain(flags.iter().copied()).collect::<Vec<_>>())
    };
    let text = predict(&[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("photos/b.png "), "{text}");
    assert!(lines[1].starts_with("photos/deep/a, b.png "), "{text}");
    assert!(lines.iter().all(|line| line.ends_with(" %  unsure")), "{text}");

    let csv = predict(&["--csv", "--top-k", "2"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "image,class,label,probability,unsure,class_2,label_2,probability_2");
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("photos/b.png,"), "{csv}");
    assert!(lines[2].starts_with("\"photos/deep/a, b.png\","), "{csv}");
    assert_eq!(lines[1].split(',').nth(4), Some("true"));

    let document: Value = serde_json::from_str(&predict(&["--json"])).unwrap();
    assert_eq!(document[1]["image"], "photos/deep/a, b.png");
    assert_eq!(document[1]["unsure"], true);
    let plain = zoo.ok(&["predict", "runs/tiny", "photos/b.png", "-q", "--json"]);
    let document: Value = serde_json::from_str(&plain).unwrap();
    assert_eq!(document[0].get("unsure"), None);

    let refused = zoo.refused(&["predict", "runs/tiny", "photos", "--unsure-below", "60"]);
    assert!(refused.contains("expected a probability from 0 to 1"), "{refused}");
    let refused = zoo.refused(&["predict", "runs/tiny", "photos", "--csv", "--json"]);
    assert!(refused.contains("cannot be used with"), "{refused}");
}

#[test]
fn flips_are_averaged_where_asked_for() {
    let zoo = trained();
    let loss = |flags: &[&str]| {
        let arguments = [&["evaluate", "runs/tiny", "--json", "-q"], flags].concat();
        let report: Value = serde_json::from_str(&zoo.ok(&arguments)).unwrap();
        (report["images"].as_u64().unwrap(), report["loss"].as_f64().unwrap())
    };
    let ((images, plain), (as_many, averaged)) = (loss(&[]), loss(&["--flip"]));
    assert_eq!(images, as_many);
    assert!(plain != averaged && (plain - averaged).abs() < 0.5, "{plain} {averaged}");
}

/// All files in a folder and below.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
#[cfg(unix)]
fn files_are_readable_for_whom_the_umask_says() {
    use std::{os::unix::fs::PermissionsExt, process::Command};

    let zoo = Zoo::new();
    let vit = json!({"vit": {"embed_dim": 8, "depth": 1, "num_heads": 2, "mlp_dim": 16}});
    zoo.write_config(&tiny(vit));
    let script = "umask 027 && \"$ZOO\" train tiny.json -q && \
                  \"$ZOO\" evaluate runs/tiny --out out/report -q && \
                  \"$ZOO\" export runs/tiny --layout zoo --out out/zoo.safetensors -q && \
                  \"$ZOO\" export runs/tiny --layout timm --out out/timm.safetensors -q && \
                  \"$ZOO\" import out/timm.safetensors --model vit --out out/back.safetensors -q";
    let output = Command::new("sh")
        .args(["-c", script])
        .env("ZOO", env!("CARGO_BIN_EXE_zoo"))
        .current_dir(zoo.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = [files(&zoo.path("runs")), files(&zoo.path("out"))].concat();
    assert!(written.len() > 20, "{written:?}");
    for path in written {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), "640", "{}", path.display());
    }
}

#[test]
fn the_same_run_writes_the_same_weights_byte_for_byte() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    for run in ["a", "b", "c"] {
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run]);
    }
    let bytes = |run: &str| fs::read(zoo.path(&format!("{run}/model.safetensors"))).unwrap();
    assert!(bytes("a") == bytes("b") && bytes("a") == bytes("c"));
    let start = br#"{"__metadata__":{"burn-zoo":"{\"model\":{\"cnn\":{"#;
    assert_eq!(&bytes("a")[8..8 + start.len()], start);
}
