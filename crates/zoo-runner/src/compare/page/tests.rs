use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde_json::json;
use zoo_data::{
    Corruption, DataError, Dataset, Image, ImageSource, OnUnreadable, Preprocess, Split, SplitName,
};
use zoo_training::{Command, Steered, run_dir::Existing};

use super::*;
use crate::{
    compare::{Corrupted, Entry, Extent, Made, Measured, Outcome, Planned, Request, SharedBudget},
    config::RunConfig,
    curves::Curves,
    evaluation::{Evaluation, Report, Scored, TrainingReport},
    explain::Focus,
    manifest::{DataManifest, Manifest},
};

/// What must not come through to a page as it is.
const HOSTILE: &str = r#"<script src="https://example.org/x.js">alert('1' & "2")</script>|`*"#;

/// An image a class, grey, of which one that is shown cannot be read.
struct Photos(usize);

impl ImageSource for Photos {
    fn label(&self, index: usize) -> usize {
        index % self.0
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        match index {
            5 => Err(DataError::Decode { name: self.name(5), reason: String::from("cut short") }),
            _ => Ok(Image::filled(300, 200, &[128])),
        }
    }

    fn name(&self, index: usize) -> String {
        format!("photos/{HOSTILE}/{index}.png")
    }

    fn stamp(&self, _: &mut Sha256) {}
}

fn entry(name: &str, classes: &[String], model: Value) -> Entry {
    let split = Split::new(Arc::new(Photos(classes.len())), (0..20).collect::<Vec<_>>());
    let config: RunConfig =
        serde_json::from_value(json!({"data": {"sea": {}}, "model": model})).unwrap();
    let preprocess: Preprocess = config.data.preprocess().unwrap();
    let data = Dataset {
        name: "sea",
        classes: classes.to_vec(),
        preprocess,
        train: split.clone(),
        valid: split.clone(),
        test: Some(split),
        notes: Vec::new(),
        on_unreadable: OnUnreadable::Error,
        skipped: Vec::new(),
    };
    Entry { name: name.to_string(), path: PathBuf::from(format!("{name}.json")), config, data }
}

/// A run that is right about the first `right` of 20 images, and takes the others for the class after.
fn made(place: usize, entry: &Entry, seed: u64, right: usize) -> Made {
    let classes = &entry.data.classes;
    let scored = (0..20).map(|index| {
        let label = index % classes.len();
        let wrong = usize::from(index >= right);
        Scored {
            index,
            label,
            prediction: (label + wrong) % classes.len(),
            probability: 0.75,
            rank: 1 + wrong,
            loss: 0.5,
        }
    });
    let scored: Vec<Scored> = scored.collect();
    let (name, split) = entry.data.measured();
    let evaluation = Evaluation { scored: scored.clone(), seconds: 1.0 };
    let mut report = Report::of(&evaluation, name.name(), split, classes, 5);
    report.training = Some(TrainingReport {
        epochs: 1,
        steps: 10,
        seconds: 8.0,
        images_per_second: 100.0,
        best_valid_accuracy: Some(0.5),
        peak_memory_bytes: Some(123_000_000),
        features: None,
        steered: Vec::new(),
    });
    let corrupted = Corruption::ALL.into_iter().flat_map(|corruption| {
        (0..=5).map(move |strength| Corrupted { corruption, strength, accuracy: 0.25 })
    });
    let manifest = Manifest {
        zoo_version: String::from("0"),
        burn_version: String::from("0"),
        command: vec![HOSTILE.to_string()],
        seed,
        backend: String::from("flex"),
        precision: String::from("f32"),
        instructions: None,
        device: String::from("Flex"),
        machine: String::from("none"),
        data: DataManifest::of(&entry.data),
        parameters: 1,
        started: Timestamp::UNIX_EPOCH,
        finished: Some(Timestamp::UNIX_EPOCH),
        weight_hash: Some(String::from("0123456789abcdef")),
        steered: Vec::new(),
        ranks: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let metrics = folder.path().join("metrics.jsonl");
    let line = |split: &str, step: usize, accuracy: f64| json!({"epoch": 1, "step": step, "split": split, "loss": 1.5, "accuracy": accuracy, "images_per_second": 400.0, "seconds": 4.0});
    let lines = format!("{}\n{}\n", line("train", 1, 0.5), line("valid", 1, 0.65));
    fs::write(&metrics, lines).unwrap();
    Made {
        planned: planned(place, entry, seed),
        outcome: Ok(Outcome {
            report,
            manifest,
            curves: Curves::read(&metrics).unwrap(),
            measured: Measured {
                run_finished: Some(Timestamp::UNIX_EPOCH),
                scored,
                inference_images_per_second: 1000.0,
                corrupted: corrupted.collect(),
                focus: vec![Focus {
                    method: String::from("grad-cam"),
                    images: 12,
                    without_heat: 0,
                    heat_on_thing: Some(0.5),
                    thing_of_picture: Some(0.2),
                    ratio: Some(2.5),
                }],
            },
        }),
    }
}

fn planned(place: usize, entry: &Entry, seed: u64) -> Planned {
    Planned {
        name: format!("{}-seed-{seed}", entry.name),
        entry: place,
        seed,
        fraction: 1.0,
        config: entry.config.clone(),
        images: Some(20),
        folder: PathBuf::from("nowhere"),
    }
}

/// Two entries, the first right about 10 and 15 of 20 images, the second about 5 and then failing.
fn compared(classes: &[String]) -> Compared {
    let size = json!({"num_classes": classes.len(), "channels": 3, "image_size": 32});
    let entries = vec![
        entry("good", classes, json!({"cnn": size})),
        entry(HOSTILE, classes, json!({"vit": size})),
    ];
    let failed =
        Made { planned: planned(1, &entries[1], 1), outcome: Err(format!("{HOSTILE} is broken")) };
    let mut steered = made(0, &entries[0], 1, 15);
    if let Ok(outcome) = &mut steered.outcome {
        let command = Command::LearningRate { factor: 0.5 };
        outcome.manifest.steered = vec![Steered { step: 7, command }];
    }
    let made = vec![made(0, &entries[0], 0, 10), made(1, &entries[1], 0, 5), steered, failed];
    let request = Request {
        configs: Vec::new(),
        sets: Vec::new(),
        backend: None,
        threads: None,
        extent: Extent { seeds: 2, fractions: vec![1.0], budget: Some(SharedBudget::Images(20)) },
        allow_different: false,
        out: PathBuf::from("out"),
        existing: Existing::Refuse,
    };
    Compared::of(&request, entries, Vec::new(), made)
}

fn write(compared: &Compared) -> [String; 3] {
    let folder = tempfile::tempdir().unwrap();
    write_comparison(compared, &Folder::open(folder.path(), false).unwrap()).unwrap();
    ["index.html", "report.json", "report.md"]
        .map(|name| fs::read_to_string(folder.path().join(name)).unwrap())
}

fn three() -> Vec<String> {
    vec![HOSTILE.to_string(), String::from("🦀, \"crab\""), "long ".repeat(40)]
}

#[test]
fn hostile_names_are_text_on_the_page_and_in_markdown() {
    let [page, _, markdown] = write(&compared(&three()));
    // The page's own, of which the content policy knows the hash.
    assert_eq!(page.matches("<script").count(), 1);
    for address in ["http://", "https://", "<link rel=\"stylesheet", "@import", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    for attribute in ["src=\"", "href=\""] {
        for value in page.split(attribute).skip(1) {
            assert!(value.starts_with("data:"), "{attribute}{}", &value[..40.min(value.len())]);
        }
    }
    assert!(page.contains("&lt;script src=&quot;https:&#x2f;&#x2f;example.org"));
    assert!(page.contains("🦀, &quot;crab&quot;"));
    assert!(page.contains("cannot be read"));
    assert_eq!(markdown.matches('<').count(), markdown.matches("\\<").count(), "{markdown}");
    let escaped = r#"\<script src="https://example.org/x.js"\>alert('1' \& "2")\</script\>\|\`\*"#;
    assert!(markdown.contains(escaped), "{markdown}");
}

#[test]
fn the_script_is_the_one_that_the_policy_lets_run() {
    let [page, ..] = write(&compared(&three()));
    let script = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(script));
    assert!(page.contains(&format!("script-src 'sha256-{hash}'")));
}

#[test]
fn figures_are_those_of_the_runs() {
    let compared = compared(&three());
    let [page, json, markdown] = write(&compared);
    let report: Value = serde_json::from_str(&json).unwrap();
    let good = &report["entries"][0];
    assert_eq!(good["accuracy"]["mean"], 0.625);
    assert_eq!(good["harmed_accuracy"]["mean"], 0.25);
    assert_eq!(good["focus"][0]["ratio"]["mean"], 2.5);
    assert!(
        markdown.contains(
            "| good | grad-cam | 50.00 % (± 0.00 %) | 20.00 % (± 0.00 %) | 2.50 (± 0.00) |"
        )
    );
    assert_eq!(good["training_images_per_second"]["mean"], 400.0);
    assert_eq!(good["peak_memory_bytes"], 123_000_000);
    // 0.65 is reached by both, 0.7 by none.
    let reached = |place: usize| good["reached"][place]["seconds"]["runs"].clone();
    assert_eq!((reached(2), reached(3)), (json!(2), Value::Null));
    let other = &report["entries"][1];
    assert_eq!(other["accuracy"]["runs"], 1);
    let pair = &report["pairs"][0];
    assert_eq!((&pair["better"], &pair["worse"]), (&json!("good"), &json!(HOSTILE)));
    assert_eq!(pair["tests"].as_array().unwrap().len(), 1);
    assert_eq!(pair["tests"][0]["only_better"], 5);
    assert_eq!(report["runs"][3]["error"], format!("{HOSTILE} is broken"));
    assert_eq!(report["budget"], "images=20");
    for text in ["62.50 %", "± 17.68 %", "Runs that failed", "Only good is right", "400"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(markdown.contains("| good | 62.50 % (± 17.68 %, 0.00 to 100.00) |"), "{markdown}");
    let steered = "was steered by hand (learning rate × 0.5 after step 7)";
    assert!(page.contains(steered) && markdown.contains(steered), "{markdown}");
}

#[test]
fn one_class_and_a_thousand_make_pages() {
    let [page, ..] = write(&compared(&[String::from("all")]));
    assert!(page.contains("<bdi>all</bdi>"));
    let classes: Vec<String> = (0..1000).map(|number| format!("class {number}")).collect();
    let [page, json, markdown] = write(&compared(&classes));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("900 are left out, report.json has all."));
    assert!(page.contains("Of many classes, the most confused are shown"));
    assert!(markdown.lines().count() < 200);
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["classes"].as_array().unwrap().len(), 1000);
    assert_eq!(SplitName::Test.name(), report["split"]);
}
