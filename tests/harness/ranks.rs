//! Ranks that `mpirun` starts, and what they leave behind.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::{Value, json};

use super::{Zoo, tiny};

pub const ZOO: &str = env!("CARGO_BIN_EXE_zoo");

/// Whether `mpirun` is there; says so where it is not, and fails there with `CI` set.
pub fn has_mpirun() -> bool {
    let found = Command::new("mpirun").arg("--version").output().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "no mpirun, and CI must have one");
        eprintln!("skipped: no mpirun on this machine");
    }
    found
}

/// `mpirun` for so many ranks on this machine, one thread each, in the test's folder.
pub fn mpirun(zoo: &Zoo, ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["-n", &ranks.to_string(), "--oversubscribe", "--bind-to", "none"])
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        // What needs rights that containers lack.
        .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
        .env("OMPI_MCA_btl", "self,vader,tcp")
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(zoo.path("."));
    command
}

fn train(zoo: &Zoo, ranks: usize, args: &[&str]) -> Output {
    let mut command = mpirun(zoo, ranks);
    command.arg(ZOO).args(["train", "tiny.json", "-q"]).args(args);
    command.output().unwrap()
}

pub fn ok(zoo: &Zoo, ranks: usize, args: &[&str]) {
    let output = train(zoo, ranks, args);
    assert!(output.status.success(), "{ranks} ranks: {}", text(&output.stderr));
}

/// Runs what must fail, and gives back what zoo said of it; the launcher says more.
pub fn failed(zoo: &Zoo, ranks: usize, code: i32, args: &[&str]) -> Vec<String> {
    let output = train(zoo, ranks, args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    errors(&said)
}

pub fn errors(said: &str) -> Vec<String> {
    said.lines().filter(|line| line.starts_with("error: ")).map(String::from).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that a run leaves behind, times apart.
pub fn left(zoo: &Zoo, run: &str) -> (String, Vec<Value>, Value, Vec<u8>) {
    let mut report = zoo.json(&format!("{run}/report.json"));
    for time in ["seconds", "images_per_second", "peak_memory_bytes"] {
        report["training"].as_object_mut().unwrap().remove(time);
    }
    report.as_object_mut().unwrap().remove("seconds");
    report.as_object_mut().unwrap().remove("images_per_second");
    let weights = fs::read(zoo.path(&format!("{run}/model.safetensors"))).unwrap();
    (zoo.weight_hash(run), zoo.metrics(run), report, weights)
}

/// Steps of four batches; the last of an epoch has two, and the valid split too, fewer than ranks.
pub fn recipe(model: Value) -> Value {
    let mut config = tiny(model);
    config["loader"]["batch_size"] = json!(10);
    config["train"] = json!({"epochs": 2, "accumulate": 4, "log_every": 1, "clip_grad_norm": 0.5,
        "ema": {"decay": 0.9}, "checkpoint": {"every_steps": 2}});
    config
}
