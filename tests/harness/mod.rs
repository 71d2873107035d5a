//! Runs the built binary in a folder of its own and gives back all that it said.

#![allow(dead_code, reason = "no test file wants all of it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

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

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub fn run(&self, args: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args(args)
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
        "loader": {"batch_size": 32, "workers": 1},
        "model": model,
        "optimizer": {"sgd": {"learning_rate": 0.05}},
        "train": {"epochs": 2, "log_every": 2}
    })
}

/// The smallest network of each model, with dropout, so that its randomness is tested too.
pub fn tiny_models() -> [(&'static str, Value); 3] {
    [
        ("cnn", json!({"cnn": {"widths": [8, 16], "hidden": 16, "dropout": 0.3}})),
        ("alexnet", json!({"alexnet": {"preset": "small-images", "dropout": 0.3}})),
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
