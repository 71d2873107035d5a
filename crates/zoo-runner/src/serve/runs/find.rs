//! Which runs there are.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use zoo_training::run_dir::{holds_run, report_path};

/// A run that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRun {
    /// The name of its folder.
    pub name: String,
    /// The run directory.
    pub path: PathBuf,
}

/// The runs in a folder, by their names; folders whose names are no text are left out.
pub fn find_runs(folder: &Path) -> Vec<FoundRun> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<FoundRun> = entries
        .filter_map(|entry| {
            let (name, path) = (entry.file_name().into_string().ok()?, entry.path());
            (path.is_dir() && holds_run(&path)).then_some(FoundRun { name, path })
        })
        .collect();
    runs.sort_by(|a, b| a.name.cmp(&b.name));
    runs
}

/// How far a run is.
pub fn state(run: &Path) -> &'static str {
    if report_path(run).exists() {
        return "finished";
    }
    // Who trains holds the lock alone; asking to share it leaves it as it is.
    let lock = File::open(run.join(".lock"));
    match lock.is_ok_and(|lock| lock.try_lock_shared().is_err()) {
        true => "training",
        false => "stopped",
    }
}
