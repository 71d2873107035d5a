//! The folder of one run: what it contains, and which process owns it.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use zoo_data::shown;
use zoo_model::disk::{Lock, write_whole};

use crate::Error;

/// What to do about a run that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and refuse.
    Refuse,
    /// Go on with it.
    Resume,
    /// Start over.
    Overwrite,
}

/// A run directory that this process holds: nobody else trains in it meanwhile.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
    /// The operating system frees the lock with the last handle, also if the process is killed.
    _lock: Arc<File>,
    warning: Option<String>,
}

impl RunDir {
    /// Makes `path` ready for a run.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if a run is there and `existing` says to refuse, if what lies there has the name
    /// of a run's file and is of no run, or another process holds it; [`Error::Io`] if the folder cannot
    /// be written.
    pub fn open(path: &Path, existing: Existing) -> Result<Self, Error> {
        Self::open_with(path, existing, Lock::take)
    }

    /// The same with another way to take a lock.
    fn open_with(path: &Path, existing: Existing, take: fn(&File) -> Lock) -> Result<Self, Error> {
        match (holds_run(path), foreign_file(path)) {
            (true, _) if existing == Existing::Refuse => {
                return Err(Error::run(
                    path,
                    "already contains a run: resume it with --resume, start over with --force, or \
                 choose another folder with --run-dir",
                ));
            }
            (false, Some(name)) => {
                return Err(Error::run(
                    path,
                    format!(
                        "holds `{name}`, but no run that has written it: choose another folder by --run-dir"
                    ),
                ));
            }
            _ => {}
        }
        fs::create_dir_all(path).map_err(Error::io(path))?;
        let lock_path = path.join(".lock");
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
        let warning = match take(&lock) {
            Lock::Held => None,
            Lock::Busy => return Err(Error::run(path, "another zoo process is training in it")),
            Lock::Lacking(reason) => Some(format!(
                "{}: the file system has no locks ({reason}): take care that no other zoo trains in it",
                shown(path)
            )),
        };
        let run_dir = Self { path: path.to_path_buf(), _lock: Arc::new(lock), warning };
        if existing == Existing::Overwrite {
            run_dir.clear()?;
        }
        Ok(run_dir)
    }

    /// Takes away what a run writes, and nothing else that may lie in the folder.
    fn clear(&self) -> Result<(), Error> {
        for folder in [self.checkpoints(), self.tensorboard()] {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(Error::io(&folder))?;
            }
        }
        let files = [
            self.metrics(),
            self.curves(),
            self.epochs(),
            self.weights(),
            self.report(),
            self.manifest(),
            self.config(),
        ];
        for file in files {
            if file.exists() {
                fs::remove_file(&file).map_err(Error::io(&file))?;
            }
        }
        Ok(())
    }

    /// What the user should know about where the folder lies.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The config as used, every default filled in.
    pub fn config(&self) -> PathBuf {
        config_path(&self.path)
    }

    /// Seed, versions, device, hashes.
    pub fn manifest(&self) -> PathBuf {
        manifest_path(&self.path)
    }

    /// One JSON object a line, as training goes.
    pub fn metrics(&self) -> PathBuf {
        metrics_path(&self.path)
    }

    /// Loss, accuracy and learning rate as a picture; there once the run is finished.
    pub fn curves(&self) -> PathBuf {
        self.path.join("curves.svg")
    }

    /// One row per epoch, from the metrics; present once the run is finished.
    pub fn epochs(&self) -> PathBuf {
        self.path.join("epochs.csv")
    }

    /// The same for TensorBoard, as event files.
    pub fn tensorboard(&self) -> PathBuf {
        self.path.join("tensorboard")
    }

    /// The folder of checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        checkpoints_path(&self.path)
    }

    /// The best weights.
    pub fn weights(&self) -> PathBuf {
        weights_path(&self.path)
    }

    /// The final figures; there once the run is finished.
    pub fn report(&self) -> PathBuf {
        report_path(&self.path)
    }

    /// True where the run has gone to its end.
    pub fn is_finished(&self) -> bool {
        self.report().exists()
    }
}

/// What a run writes into its folder, its config first.
const FILES: [&str; 9] = [
    "config.json",
    "manifest.json",
    "metrics.jsonl",
    "model.safetensors",
    "report.json",
    "curves.svg",
    "epochs.csv",
    "checkpoints",
    "tensorboard",
];

/// Whether a folder is that of a run, by its config or its manifest: other libraries write a
/// `config.json`, too.
pub fn holds_run(folder: &Path) -> bool {
    let read = |path: PathBuf| -> Value { read_json(&path).unwrap_or_default() };
    let config = read(config_path(folder));
    let is_config = config["data"].is_object() && config["model"].is_object();
    is_config || read(manifest_path(folder))["zoo_version"].is_string()
}

/// What lies in a folder under the name of a run's file.
fn foreign_file(folder: &Path) -> Option<&'static str> {
    FILES.into_iter().find(|name| folder.join(name).exists())
}

/// The config of a run that is only read.
pub fn config_path(run: &Path) -> PathBuf {
    run.join("config.json")
}

/// The manifest of a run that is only read.
pub fn manifest_path(run: &Path) -> PathBuf {
    run.join("manifest.json")
}

/// The final figures of a run that is only read.
pub fn report_path(run: &Path) -> PathBuf {
    run.join("report.json")
}

/// The folder of checkpoints of a run that is only read.
pub fn checkpoints_path(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

/// The metrics of a run that is only read.
pub fn metrics_path(run: &Path) -> PathBuf {
    run.join("metrics.jsonl")
}

fn weights_path(run: &Path) -> PathBuf {
    run.join("model.safetensors")
}

/// The weights of a run that is only read: a run directory, or a bare file of weights.
///
/// # Errors
///
/// [`Error::Run`] if there are none.
pub fn find_weights(run: &Path) -> Result<PathBuf, Error> {
    let weights = if run.is_dir() { weights_path(run) } else { run.to_path_buf() };
    if weights.is_file() {
        return Ok(weights);
    }
    let message = match (run.exists(), config_path(run).exists()) {
        (false, _) => "no such run",
        (true, true) => "the run has no weights yet: they are written after the first epoch",
        (true, false) => "is not a run directory: it contains no config.json",
    };
    Err(Error::run(run, message))
}

/// Writes `value` to `path` as one unit: a crash leaves the file as it was.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be written.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|error| Error::io(path)(error.into()))?;
    text.push('\n');
    write_whole(path, |file| file.write_all(text.as_bytes())).map_err(Error::io(path))
}

/// Reads what [`write_json`] wrote.
///
/// # Errors
///
/// [`Error::Io`] if there is nothing, [`Error::Run`] if it is something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|error| Error::run(path, format!("is corrupt: {error}")))
}

#[cfg(test)]
mod tests;
