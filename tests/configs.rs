//! Every config that is shipped.

mod harness;

use std::{
    fs,
    path::{Path, PathBuf},
};

use harness::Zoo;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn configs() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("configs")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 12, "{paths:?}");
    paths
}

#[test]
fn every_config_is_sound_and_says_what_it_is_about() {
    let zoo = Zoo::new();
    for path in configs() {
        zoo.ok(&["config", "check", path.to_str().unwrap()]);
        let config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(config["$schema"], "../docs/config.schema.json", "{name}");
        for key in ["what", "paper", "result", "cost", "command"] {
            let text = config["about"][key].as_str();
            assert!(text.is_some_and(|text| !text.is_empty()), "{name}: about.{key}");
        }
        let command = config["about"]["command"].as_str().unwrap();
        assert!(command.contains(&format!("train configs/{name}")), "{name}: {command}");
    }
}

#[test]
fn the_quickstart_writes_out_every_block() {
    let path = root().join("configs/quickstart.json");
    let config: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(&Zoo::new().ok(&["config", "schema"])).unwrap();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(config.get(key).is_some(), "{key}");
    }
}

#[test]
fn the_schema_in_docs_is_the_one_of_the_program() {
    let kept = fs::read_to_string(root().join("docs/config.schema.json")).unwrap();
    let printed = Zoo::new().ok(&["config", "schema"]);
    assert!(kept == printed, "renew it: zoo config schema > docs/config.schema.json");
}

/// On drawn images of 16 pixels and with a small network; all else is as the config says.
#[test]
fn every_config_runs_for_five_steps_and_for_one_epoch() {
    let zoo = Zoo::new();
    let sea =
        r#"data.sea={"train": 96, "valid": 10, "test": 10, "preprocess": {"image_size": 16}}"#;
    let cnn = r#"model.cnn={"widths": [4], "hidden": 0}"#;
    let small = ["--set", sea, "--set", cnn, "--set", "loader.batch_size=8"];
    let quickstart = root().join("configs/quickstart.json");
    let base = [&["train", quickstart.to_str().unwrap(), "-q", "--run-dir", "base"], &small[..]];
    zoo.ok(&[&base.concat()[..], &["--set", "train.steps=1"]].concat());
    for path in configs() {
        let text = fs::read_to_string(&path).unwrap();
        let config: Value = serde_json::from_str(&text).unwrap();
        let pretrained = config["pretrained"].is_string();
        let is_probe = config["fine_tune"]["method"] == "linear-probe";
        // An epoch has 12 steps.
        for (length, steps) in [("train.steps=5", 5), ("train.epochs=1", 12)] {
            let train = ["train", path.to_str().unwrap(), "-q", "--run-dir", "run", "--force"];
            let from = if pretrained { &["--set", "pretrained=base"][..] } else { &[] };
            zoo.ok(&[&train, &small, from, &["--set", length]].concat());
            let report = zoo.json("run/report.json");
            if is_probe {
                // It is no sequence of steps, and says what features are worth alone.
                let features = &report["training"]["features"];
                assert_eq!(features["k"], 20, "{}", path.display());
                continue;
            }
            assert_eq!(report["training"]["steps"], steps, "{} {length}", path.display());
        }
    }
}
