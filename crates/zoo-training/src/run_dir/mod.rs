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

impl Existing {
    /// What the flags `--resume` and `--force` say.
    pub fn of(resume: bool, force: bool) -> Self {
        match (resume, force) {
            (true, _) => Self::Resume,
            (false, true) => Self::Overwrite,
            (false, false) => Self::Refuse,
        }
    }
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
        // By its config and its manifest it is known as a run, so these go last.
        for name in FILES.iter().rev() {
            let path = self.path.join(name);
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false if path.exists() => fs::remove_file(&path),
                false => Ok(()),
            };
            removed.map_err(Error::io(&path))?;
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

    /// True where the run has gone to its end.
    pub fn is_finished(&self) -> bool {
        self.report().exists()
    }
}

/// Builds the list of what a run writes into its folder, and says where each file is: of a run that
/// is being written, and of a folder that is only read.
macro_rules! files {
    ($($(#[$about:meta])* $own:ident $read:ident $name:literal;)*) => {
        const FILES: &[&str] = &[$($name),*];

        impl RunDir {
            $(
                $(#[$about])*
                pub fn $own(&self) -> PathBuf {
                    $read(&self.path)
                }
            )*
        }

        $(
            $(#[$about])*
            pub fn $read(run: &Path) -> PathBuf {
                run.join($name)
            }
        )*
    };
}

files! {
    /// The config as used, every default filled in.
    config config_path "config.json";
    /// Seed, versions, device, hashes.
    manifest manifest_path "manifest.json";
    /// One JSON object a line, as training goes.
    metrics metrics_path "metrics.jsonl";
    /// The best weights.
    weights weights_path "model.safetensors";
    /// The final figures; there once the run is finished.
    report report_path "report.json";
    /// Loss, accuracy and learning rate as a picture; there once the run is finished.
    curves curves_path "curves.svg";
    /// One row per epoch, from the metrics; present once the run is finished.
    epochs epochs_path "epochs.csv";
    /// The folder of checkpoints.
    checkpoints checkpoints_path "checkpoints";
    /// The metrics for TensorBoard, as event files.
    tensorboard tensorboard_path "tensorboard";
}

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
    FILES.iter().copied().find(|name| folder.join(name).exists())
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
