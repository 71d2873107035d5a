//! A run that is killed at any moment, and gone on with, comes to the weights of one that never was.
#![cfg(unix)]

mod harness;

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use harness::Zoo;
use serde_json::json;

/// All that makes a run random or gives it a memory. A checkpoint after every step, so that many
/// kills come while one is written.
fn recipe() -> serde_json::Value {
    json!({
        "data": {"sea": {"train": 480, "valid": 40, "test": 40, "preprocess": {"image_size": 32}}},
        "augment": [
            {"horizontal-flip": {}},
            {"random-crop": {"padding": 4}},
            {"rand-augment": {}},
            {"random-erasing": {}}
        ],
        "mix": {"mixup_alpha": 0.8, "cutmix_alpha": 1.0},
        "loader": {"batch_size": 10},
        "model": {"vit": {"preset": "mini", "depth": 2, "dropout": 0.1, "drop_path": 0.2}},
        "optimizer": {"adamw": {"learning_rate": 0.001, "weight_decay": 0.05}},
        "parameter_groups": {"layer_decay": 0.8},
        "loss": {"cross-entropy": {"label_smoothing": 0.1}},
        "train": {
            "epochs": 6,
            "accumulate": 2,
            "clip_grad_norm": 1.0,
            "ema": {},
            "log_every": 1,
            "checkpoint": {"every_steps": 1}
        }
    })
}

fn start(zoo: &Zoo, workers: usize) -> Child {
    Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(["train", "recipe.json", "-q", "--resume", "--run-dir", "killed"])
        .args(["--set", &format!("loader.workers={workers}")])
        .current_dir(zoo.path("."))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn lines(zoo: &Zoo) -> usize {
    fs::read_to_string(zoo.path("killed/metrics.jsonl")).map_or(0, |text| text.lines().count())
}

/// Waits for a line of `metrics.jsonl` that this process wrote: what a killed one left is cut off
/// first, back to the checkpoint.
fn wait_for_a_step(zoo: &Zoo, process: &mut Child) {
    let mut before = lines(zoo);
    loop {
        assert!(process.try_wait().unwrap().is_none(), "it ended before it could be killed");
        let now = lines(zoo);
        if now > before {
            return;
        }
        before = now;
        sleep(Duration::from_millis(1));
    }
}

fn weights(zoo: &Zoo, run: &str) -> [String; 2] {
    let hash = zoo.json(&format!("{run}/manifest.json"))["weight_hash"].to_string();
    let best = zoo.json(&format!("{run}/report.json"));
    [hash, format!("{} {}", best["loss"], best["training"]["best_valid_accuracy"])]
}

#[test]
fn a_killed_run_comes_to_the_same_weights() {
    // scripts/kill_test.sh asks for more.
    let kills = std::env::var("ZOO_TEST_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let zoo = Zoo::new();
    zoo.write("recipe.json", &recipe().to_string());
    let started = Instant::now();
    zoo.ok(&["train", "recipe.json", "-q", "--run-dir", "whole"]);
    let whole = started.elapsed();
    // Each kill takes less of the run than its share.
    let longest = whole.as_micros() as u64 / (kills + 1);
    let mut random = u64::from(std::process::id());
    for kill in 0..kills {
        let mut process = start(&zoo, kill as usize % 4);
        wait_for_a_step(&zoo, &mut process);
        // A generator of the kind that Knuth calls MMIX.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_micros((random >> 33) % longest.max(1)));
        process.kill().unwrap();
        process.wait().unwrap();
        let left = fs::read_dir(zoo.path("killed/checkpoints")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        println!("kill {}: {} lines, {left:?}", kill + 1, lines(&zoo));
    }
    assert!(start(&zoo, 2).wait().unwrap().success());
    assert_eq!(weights(&zoo, "killed"), weights(&zoo, "whole"));
}

#[test]
fn a_stopped_run_leaves_a_checkpoint_and_says_how_to_go_on() {
    for signal in ["INT", "TERM"] {
        let zoo = Zoo::new();
        zoo.write("recipe.json", &recipe().to_string());
        let mut process = start(&zoo, 1);
        wait_for_a_step(&zoo, &mut process);
        let pid = process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert_eq!(process.wait().unwrap().code(), Some(130), "{signal}");
        assert!(fs::read_dir(zoo.path("killed/checkpoints")).unwrap().next().is_some(), "{signal}");
        assert!(!zoo.path("killed/report.json").exists(), "{signal}");
    }
}
