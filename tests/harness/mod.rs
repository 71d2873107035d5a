//! Runs the built binary in a folder of its own and gives back all that it said.

#![allow(dead_code, reason = "no test file wants all of it")]

#[cfg(all(feature = "mpi", unix))]
pub mod ranks;
#[cfg(feature = "serve")]
pub mod run;
#[cfg(feature = "serve")]
pub mod server;
pub mod weights;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use zoo_data::Image;

/// A fresh folder in which `zoo` is run.
pub struct Zoo {
    folder: TempDir,
}

/// What a command said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Zoo {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What a run has measured, without the times.
    pub fn metrics(&self, run: &str) -> Vec<Value> {
        let text = self.read(&format!("{run}/metrics.jsonl"));
        let line = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            for time in ["seconds", "images_per_second"] {
                line.as_object_mut().unwrap().remove(time);
            }
            line
        };
        text.lines().map(line).collect()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// The config `tiny.json`.
    pub fn write_config(&self, config: &Value) {
        self.write("tiny.json", &config.to_string());
    }

    /// Of the last weights of a finished run.
    pub fn weight_hash(&self, run: &str) -> String {
        let manifest = self.json(&format!("{run}/manifest.json"));
        manifest["weight_hash"].as_str().expect("a finished run has a weight hash").to_string()
    }

    /// Draws photos of 8 × 8 pixels, so many of each class: `folder/class/0.png`, darker ones first.
    pub fn photos(&self, folder: &str, classes: &[&str], images: usize) {
        for (label, class) in classes.iter().enumerate() {
            fs::create_dir_all(self.path(&format!("{folder}/{class}"))).unwrap();
            for index in 0..images {
                let grey = (40 + 120 * label + 8 * index) as u8;
                let path = self.path(&format!("{folder}/{class}/{index}.png"));
                Image::filled(8, 8, &[grey, 128, 255 - grey]).save_png(&path).unwrap();
            }
        }
    }

    /// Copies a folder and all that it holds.
    pub fn copy(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to)).unwrap();
        for entry in fs::read_dir(self.path(from)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
            if entry.path().is_dir() {
                self.copy(&from, &to);
            } else {
                fs::copy(self.path(&from), self.path(&to)).unwrap();
            }
        }
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, &[])
    }

    /// Runs with more environment variables, and arguments that need not be text.
    pub fn run_with(&self, args: &[impl AsRef<OsStr>], variables: &[(&str, &str)]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args(args)
            // Without it, Mesa's drivers complain on stderr.
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .expect("the binary starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("zoo speaks UTF-8");
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs what must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "zoo {}: {}{}", args.join(" "), said.stdout, said.stderr);
        said.stdout
    }

    /// Whether a device of `wgpu` answers, a software one included; says so where none does, and fails
    /// there with `CI` set.
    pub fn has_wgpu(&self) -> bool {
        let rows: Value = serde_json::from_str(&self.ok(&["backends", "--json"])).unwrap();
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["backend"] == "wgpu").expect("a row for wgpu");
        let found = !row["devices"].as_array().unwrap().is_empty();
        if !found {
            assert!(
                std::env::var_os("CI").is_none(),
                "no wgpu device answers, and CI must have one"
            );
            eprintln!("skipped: no wgpu device answers on this machine");
        }
        found
    }

    /// Runs what must be refused before the first step, and gives back the error.
    pub fn refused(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (2, ""),
            "{}: {}",
            args.join(" "),
            said.stderr
        );
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
        said.stderr
    }
}

/// A config that trains in a second or two.
pub fn tiny(model: Value) -> Value {
    json!({
        "data": {"sea": {"train": 96, "valid": 20, "test": 20, "preprocess": {"image_size": 16}}},
        "augment": [{"horizontal-flip": {}}, {"random-crop": {"padding": 2}}],
        "mix": {"mixup_alpha": 0.5, "cutmix_alpha": 1, "probability": 0.7},
        "loader": {"batch_size": 32, "workers": 1},
        "model": model,
        "optimizer": {"sgd": {"learning_rate": 0.05}},
        "train": {"epochs": 2, "log_every": 2}
    })
}

/// The smallest network of all.
pub fn small_cnn() -> Value {
    json!({"cnn": {"widths": [4], "hidden": 0, "dropout": 0.2}})
}

/// The smallest network of each model, with dropout, so that its randomness is tested too.
pub fn tiny_models() -> [(&'static str, Value); 4] {
    [
        ("cnn", json!({"cnn": {"widths": [8, 16], "hidden": 16, "dropout": 0.3}})),
        ("alexnet", json!({"alexnet": {"preset": "small-images", "dropout": 0.3}})),
        (
            "resnet",
            json!({"resnet": {"preset": "resnet20", "depths": [1, 1], "stem_width": 4, "widths": [4, 8], "dropout": 0.3}}),
        ),
        (
            "vit",
            json!({"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32, "drop_path": 0.2}}),
        ),
    ]
}

/// The folder of real data, if this machine has it.
pub fn real_data(folder: &str) -> Option<PathBuf> {
    match std::env::var_os("ZOO_TEST_DATA") {
        Some(root) => Some(Path::new(&root).join(folder)),
        None => {
            eprintln!("skipped: ZOO_TEST_DATA is not set");
            None
        }
    }
}
