//! Training from the command line: what a run leaves behind, and that it can be repeated.

mod harness;

use std::fs;

use harness::{Said, Zoo, small_cnn, tiny, tiny_models};
use serde_json::{Value, json};

#[test]
fn a_run_directory_is_self_sufficient() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        zoo.write_config(&tiny(model));
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

        let mut left: Vec<_> = fs::read_dir(zoo.path("runs/tiny/checkpoints"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        // The last two; the best is one of them.
        left.sort();
        assert_eq!(left, ["step-3", "step-6"], "{name}");

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
        zoo.write_config(&tiny(model));
        for (run, workers) in [("a", "0"), ("b", "1"), ("c", "4"), ("d", "4")] {
            let workers = format!("loader.workers={workers}");
            zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run, "--set", &workers]);
        }
        for run in ["b", "c", "d"] {
            assert_eq!(zoo.weight_hash(run), zoo.weight_hash("a"), "{name}");
        }
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "e", "--set", "seed=1"]);
        assert_ne!(zoo.weight_hash("e"), zoo.weight_hash("a"), "{name}");
    }
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
        zoo.write_config(&config);
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
fn a_loss_that_is_not_a_number_stops_the_run_at_that_step() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"cnn": {"widths": [4], "hidden": 0, "batch_norm": false}}));
    config["train"]["checkpoint"] = json!({"every_steps": 1});
    config["schedule"] = json!({"constant": {}});
    config["augment"] = json!([]);
    config["loader"]["batch_size"] = json!(20);
    zoo.write_config(&config);
    let said = zoo.run(&["train", "tiny.json", "-q", "--set", "optimizer.sgd.learning_rate=1e30"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.starts_with("error: the train loss is "), "{}", said.stderr);
    let rest = said.stderr.split_once(" at step ").unwrap().1;
    let (step, rest) = rest.split_once(", with learning rate 1.000e30, on the images ").unwrap();
    assert!(rest.starts_with("sea train #"), "{rest}");
    let (images, advice) = rest.split_once(": ").unwrap();
    assert_eq!(images.split_once(" and ").unwrap().1, "4 more");
    assert_eq!(images.split(", ").count(), 16);
    assert_eq!(
        advice,
        "lower the learning rate, lengthen the warm-up, or set train.clip_grad_norm\n"
    );
    // The steps before it are kept.
    let last: usize = step.parse::<usize>().unwrap() - 1;
    assert!(zoo.path(&format!("runs/tiny/checkpoints/step-{last}")).exists());
    assert!(!zoo.path(&format!("runs/tiny/checkpoints/step-{step}")).exists());
}

#[test]
fn a_step_of_several_batches_is_that_of_a_large_one() {
    let zoo = Zoo::new();
    let mut config =
        tiny(json!({"cnn": {"widths": [4], "hidden": 0, "batch_norm": false, "dropout": 0}}));
    // Images are mixed within a batch, so those of a large one otherwise.
    config["mix"] = json!({});
    // Steps of 60 and 36 images; the batches of the second one are 20 and 16.
    config["loader"]["batch_size"] = json!(60);
    config["train"]["log_every"] = json!(1);
    zoo.write_config(&config);
    let losses = |run: &str, sets: &[&str]| -> Vec<f64> {
        let mut args = vec!["train", "tiny.json", "-q", "--run-dir", run];
        sets.iter().for_each(|set| args.extend(["--set", set]));
        zoo.ok(&args);
        let lines = zoo.read(&format!("{run}/metrics.jsonl"));
        lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap())
            .collect()
    };
    let large = losses("large", &[]);
    let several = losses("several", &["loader.batch_size=20", "train.accumulate=3"]);
    assert_eq!(large.len(), 6);
    for (large, several) in large.iter().zip(&several) {
        assert!((large - several).abs() < 1e-5, "{large} {several}");
    }
}

#[test]
fn a_run_ends_by_steps_images_or_seconds() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    let training = |run: &str, set: &str| {
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run, "--set", set]);
        zoo.json(&format!("{run}/report.json"))["training"].clone()
    };
    assert_eq!(training("a", "train.steps=4")["steps"], 4);
    assert_eq!(training("b", "train.images=97")["steps"], 4);
    let timed = training("c", "train.seconds=0.5");
    let seconds = timed["seconds"].as_f64().unwrap();
    assert!(timed["steps"].as_u64().unwrap() > 3 && (0.5..5.0).contains(&seconds), "{timed}");
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "--set", "train.steps=4", "--set", "train.images=4"]),
        "error: config, `train`: `steps` and `images` both set the length of the run; give only one\n"
    );
}

#[test]
fn a_run_that_gets_no_better_is_stopped() {
    let zoo = Zoo::new();
    let mut config = tiny(small_cnn());
    config["train"] = json!({"epochs": 50, "early_stopping": {"patience": 2, "min_delta": 0.9}});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q"]);
    // The first epoch is the best; two more are not 90 % better.
    assert_eq!(zoo.json("runs/tiny/report.json")["training"]["epochs"], 3);
}

#[test]
fn gradient_checkpointing_changes_no_weight() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        zoo.write_config(&tiny(model));
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "a"]);
        let set = "train.gradient_checkpointing=true";
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "b", "--set", set]);
        assert_eq!(zoo.weight_hash("a"), zoo.weight_hash("b"), "{name}");
    }
}

#[test]
fn lr_find_draws_and_suggests_and_leaves_no_run() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    let said = zoo.ok(&["lr-find", "tiny.json", "-q", "--steps", "40"]);
    assert!(said.starts_with("suggested learning rate "), "{said}");
    assert!(said.ends_with("lr-find.svg: loss against learning rate\n"), "{said}");
    assert!(zoo.read("lr-find.svg").contains("<polyline"));
    let found = zoo.json("lr-find.json");
    let valley = found["suggestion"]["valley"].as_f64().unwrap();
    assert!((1e-7..10.0).contains(&valley), "{valley}");
    assert!(!zoo.path("runs").exists());
    assert_eq!(
        zoo.refused(&["lr-find", "tiny.json", "--from", "1", "--to", "0.1"]),
        "error: --from 1 --to 0.1: expected two numbers above 0, the second larger\n"
    );
}

#[test]
fn several_processes_that_cannot_find_each_other_are_refused() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    let started = |verb: &[&str], rank| {
        zoo.run_with(verb, &[("OMPI_COMM_WORLD_SIZE", "2"), ("OMPI_COMM_WORLD_RANK", rank)])
    };
    let refused = |message: &str| Said {
        code: 2,
        stdout: String::new(),
        stderr: format!("error: mpirun: 2 processes were started, but {message}\n"),
    };
    let compare = ["compare", "tiny.json", "tiny.json", "-q"];
    assert_eq!(
        started(&compare, "0"),
        refused(
            "each would do all that `zoo compare` does: start it by itself; `zoo train` and `zoo evaluate` \
             share their work"
        )
    );
    // It is said once. A launcher would kill the first process if this one failed before.
    let silent = Said { code: 0, stdout: String::new(), stderr: String::new() };
    assert_eq!(started(&compare, "1"), silent);
    if cfg!(not(feature = "mpi")) {
        let train = ["train", "tiny.json", "-q"];
        assert_eq!(
            started(&train, "0"),
            refused(
                "this zoo is built without MPI, so each of them would do the whole work: build it with \
                 --features mpi, or start one process"
            )
        );
        assert_eq!(started(&train, "1"), silent);
    }
    assert!(!zoo.path("runs").exists() && !zoo.path("comparison").exists());
}
