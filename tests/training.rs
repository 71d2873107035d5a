//! Training from the command line: what a run leaves behind, and that it can be repeated.

mod harness;

use std::fs;

use harness::{Said, Zoo, tiny, tiny_models};
use serde_json::{Value, json};

fn write_config(zoo: &Zoo, config: &Value) {
    zoo.write("tiny.json", &config.to_string());
}

fn hash(zoo: &Zoo, run: &str) -> String {
    let manifest = zoo.json(&format!("{run}/manifest.json"));
    manifest["weight_hash"].as_str().expect("a finished run has a weight hash").to_string()
}

#[test]
fn a_run_directory_is_self_sufficient() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        write_config(&zoo, &tiny(model));
        let said = zoo.ok(&["train", "tiny.json", "-q"]);
        assert!(said.starts_with("runs/tiny: 2 epochs"), "{said}");

        let report = zoo.json("runs/tiny/report.json");
        assert_eq!(report["split"], "test");
        assert_eq!(report["images"], 20);
        assert_eq!(report["training"]["epochs"], 2);
        assert_eq!(report["training"]["steps"], 6);
        let counted: u64 = report["confusion_matrix"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()))
            .sum();
        assert_eq!(counted, 20);

        let lines = zoo.read("runs/tiny/metrics.jsonl");
        let lines: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| {
                (
                    line["epoch"].as_u64().unwrap(),
                    line["step"].as_u64().unwrap(),
                    line["split"].as_str().unwrap(),
                )
            })
            .collect();
        let expected = [
            (1, 2, "train"),
            (1, 3, "train"),
            (1, 3, "valid"),
            (2, 4, "train"),
            (2, 6, "train"),
            (2, 6, "valid"),
        ];
        assert_eq!(seen, expected, "{name}");
        let best = lines
            .iter()
            .filter(|line| line["split"] == "valid")
            .map(|line| line["accuracy"].as_f64().unwrap())
            .fold(0.0, f64::max);
        assert_eq!(report["training"]["best_valid_accuracy"], best, "{name}");

        let left: Vec<_> = fs::read_dir(zoo.path("runs/tiny/checkpoints"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, ["step-6"], "{name}");

        // Everything from here on needs the run directory alone.
        fs::remove_file(zoo.path("tiny.json")).unwrap();
        let again: Value =
            serde_json::from_str(&zoo.ok(&["evaluate", "runs/tiny", "--json", "-q"])).unwrap();
        for key in ["accuracy", "top_k_accuracy", "loss", "confusion_matrix", "per_class"] {
            assert_eq!(again[key], report[key], "{name}: {key}");
        }
    }
}

#[test]
fn the_same_command_gives_the_same_weights_with_any_number_of_workers() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        write_config(&zoo, &tiny(model));
        for (run, workers) in [("a", "0"), ("b", "1"), ("c", "4"), ("d", "4")] {
            let workers = format!("loader.workers={workers}");
            zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run, "--set", &workers]);
        }
        for run in ["b", "c", "d"] {
            assert_eq!(hash(&zoo, run), hash(&zoo, "a"), "{name}");
        }
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "e", "--set", "seed=1"]);
        assert_ne!(hash(&zoo, "e"), hash(&zoo, "a"), "{name}");
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_weights() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        let mut config = tiny(model);
        config["train"]["checkpoint"] = json!({"every_steps": 2, "keep_last": 9});
        write_config(&zoo, &config);
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "whole"]);
        for step in [2, 3, 4] {
            // What a run killed after this step's checkpoint has on disk.
            let run = format!("from-{step}");
            copy(&zoo, "whole", &run);
            fs::remove_file(zoo.path(&format!("{run}/report.json"))).unwrap();
            for later in (step + 1)..=6 {
                let _ = fs::remove_dir_all(zoo.path(&format!("{run}/checkpoints/step-{later}")));
            }
            zoo.ok(&["train", "tiny.json", "-q", "--run-dir", &run, "--resume"]);
            assert_eq!(hash(&zoo, &run), hash(&zoo, "whole"), "{name} from step {step}");
            let (resumed, whole) =
                (zoo.read(&format!("{run}/metrics.jsonl")), zoo.read("whole/metrics.jsonl"));
            assert_eq!(resumed.lines().count(), whole.lines().count(), "{name} from step {step}");
        }
    }
}

fn copy(zoo: &Zoo, from: &str, to: &str) {
    let entries = fs::read_dir(zoo.path(from)).unwrap();
    fs::create_dir_all(zoo.path(to)).unwrap();
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
        if entry.path().is_dir() {
            copy(zoo, &from, &to);
        } else {
            fs::copy(zoo.path(&from), zoo.path(&to)).unwrap();
        }
    }
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let zoo = Zoo::new();
    write_config(&zoo, &tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q"]);
    let before = zoo.read("runs/tiny/manifest.json");
    assert_eq!(
        zoo.run(&["train", "tiny.json", "--resume"]),
        Said {
            code: 0,
            stdout: String::from("runs/tiny: finished already, nothing to do\n"),
            stderr: String::new()
        }
    );
    assert_eq!(
        zoo.refused(&["train", "tiny.json"]),
        "error: runs/tiny: already holds a run: go on with it by --resume, start over by --force, \
         or choose another folder by --run-dir\n"
    );
    assert_eq!(zoo.read("runs/tiny/manifest.json"), before);
    zoo.ok(&["train", "tiny.json", "-q", "--force"]);
    assert_ne!(zoo.read("runs/tiny/manifest.json"), before);
}

#[test]
fn another_config_does_not_resume() {
    let zoo = Zoo::new();
    write_config(&zoo, &tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q"]);
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    let set = "optimizer.sgd.learning_rate=0.5";
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q", "--resume", "--set", set]),
        "error: runs/tiny: was started with another `optimizer.sgd.learning_rate`: resume with the same, \
         or start over by --force\n"
    );
    // What does not change the result may change.
    zoo.ok(&["train", "tiny.json", "-q", "--resume", "--set", "loader.workers=3"]);
}

#[test]
fn all_backends_start_from_the_same_weights_and_train_alike() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        let mut config = tiny(model);
        // Dropout draws other numbers on another backend.
        for model in config["model"].as_object_mut().unwrap().values_mut() {
            model["dropout"] = json!(0.0);
            if model.get("drop_path").is_some() {
                model["drop_path"] = json!(0.0);
            }
        }
        config["train"] = json!({"steps": 3, "log_every": 1});
        config["loader"]["batch_size"] = json!(8);
        write_config(&zoo, &config);
        let losses = |backend: &str| -> Vec<f64> {
            zoo.ok(&["train", "tiny.json", "-q", "--backend", backend, "--run-dir", backend]);
            let lines = zoo.read(&format!("{backend}/metrics.jsonl"));
            let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines
                .filter(|line| line["split"] == "train")
                .map(|line| line["loss"].as_f64().unwrap())
                .collect()
        };
        let (flex, ndarray) = (losses("flex"), losses("ndarray"));
        assert_eq!(flex.len(), 3);
        for (flex, ndarray) in flex.iter().zip(&ndarray) {
            assert!((flex - ndarray).abs() < 1e-3, "{name}: {flex} {ndarray}");
        }
    }
}

#[test]
fn a_loss_that_is_not_a_number_stops_the_run() {
    let zoo = Zoo::new();
    write_config(&zoo, &tiny(json!({"cnn": {"widths": [4], "hidden": 0, "batch_norm": false}})));
    let said = zoo.run(&["train", "tiny.json", "-q", "--set", "optimizer.sgd.learning_rate=1e30"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.starts_with("error: the train loss is "), "{}", said.stderr);
    assert!(
        said.stderr.ends_with(
            "lower the learning rate, lengthen the warm-up, or set train.clip_grad_norm\n"
        )
    );
}

#[test]
fn predict_names_what_it_cannot_read_and_goes_on() {
    let zoo = Zoo::new();
    write_config(&zoo, &tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
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
