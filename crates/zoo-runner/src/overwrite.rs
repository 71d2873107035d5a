//! What may be written over: what the zoo has written, and nothing else.
//!
//! Every verb checks the files that a user has it write before its work begins. Run directories are
//! written by `zoo train` alone.

use std::{fs, path::Path};

use serde_json::{Value, json};
use zoo_model::is_written_here;
use zoo_training::run_dir::holds_run;

use crate::Error;

/// The key by which a JSON file beside exported weights says that it belongs to them.
pub const MARK: &str = "burn-zoo";

/// Refuses to write to `path` where something else lies, which `is_own` tells from what the verb has
/// written before, and where there is no folder for it.
///
/// # Errors
///
/// [`Error::Run`].
pub fn check(path: &Path, is_own: impl FnOnce(&Path) -> bool) -> Result<(), Error> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Error::run(path, format!("there is no folder {}", zoo_data::shown(folder))));
    }
    if path.is_dir() {
        return Err(Error::run(path, "is a folder: expected a file to write"));
    }
    // What is no file, such as a pipe, is not lost by being written to.
    match path.is_file() && !is_own(path) {
        true => Err(Error::run(
            path,
            "is there already and not written by this command: choose another file by --out",
        )),
        false => Ok(()),
    }
}

/// Refuses to write weights to `path`, read from the file or folder `from`.
///
/// # Errors
///
/// [`Error::Run`] where something else lies, or the folder is that of a run.
pub fn check_weights(path: &Path, from: &Path) -> Result<(), Error> {
    check_output(path, from, is_written_here)
}

/// Refuses to write to `path` what is made of the file or folder `from`; `is_own` tells what was
/// written so before.
///
/// # Errors
///
/// [`Error::Run`] where something else lies, or the folder is that of a run.
pub fn check_output(
    path: &Path,
    from: &Path,
    is_own: impl FnOnce(&Path) -> bool,
) -> Result<(), Error> {
    check_no_run(folder_of(path))?;
    if path.exists() && !path.is_file() && !path.is_dir() {
        return Err(Error::run(path, "is no file that could be replaced"));
    }
    let same = |path: &Path, other: &Path| path.canonicalize().ok() == other.canonicalize().ok();
    if path.exists() && same(path, from) {
        return Err(Error::run(path, "is what is read: choose another file by --out"));
    }
    check(path, is_own)
}

/// Refuses to write a JSON file called `name` beside the weights at `weights`.
///
/// # Errors
///
/// [`Error::Run`] where something else lies, or weights to which it would not belong.
pub fn check_beside(weights: &Path, name: &str) -> Result<(), Error> {
    let path = weights.with_file_name(name);
    let other = folder_of(weights).join("model.safetensors");
    if other.is_file() && other.file_name() != weights.file_name() {
        return Err(Error::run(
            weights,
            format!(
                "needs a {name} beside it, which {} would take for its own: {ADVICE}",
                zoo_data::shown(&other)
            ),
        ));
    }
    let is_own = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        value[MARK]["weights"] == file_name(weights)
    };
    match path.exists() && !is_own(&path) {
        true => Err(Error::run(
            &path,
            format!("is there already and not written with {}: {ADVICE}", file_name(weights)),
        )),
        false => Ok(()),
    }
}

/// Whether the JSON file called `name` beside the file at `path` says the same already, as it does
/// where another form of the same network lies there.
pub fn is_told(path: &Path, name: &str, value: &Value) -> bool {
    let text = fs::read_to_string(path.with_file_name(name)).unwrap_or_default();
    let mut told: Value = serde_json::from_str(&text).unwrap_or_default();
    let is_marked = told.as_object_mut().is_some_and(|told| told.shift_remove(MARK).is_some());
    is_marked && told == *value
}

const ADVICE: &str = "choose another folder by --out";

/// `value` with the mark that it belongs to the weights at `weights`.
pub fn marked(mut value: Value, weights: &Path) -> Value {
    value[MARK] = json!({"weights": file_name(weights)});
    value
}

/// Refuses a run directory for anything but a run.
///
/// # Errors
///
/// [`Error::Run`].
pub fn check_no_run(folder: &Path) -> Result<(), Error> {
    match holds_run(folder) {
        true => Err(Error::run(
            folder,
            "is a run directory, in which nothing else is written: choose another folder",
        )),
        false => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
