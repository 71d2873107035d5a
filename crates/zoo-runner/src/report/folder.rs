//! The folder that a report goes to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, overwrite::check_no_run};

/// A folder that may be written into.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder. Files in an existing folder stay, unless a file of the report has the
    /// same name.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if something lies in it and `force` is not given, or it is a file or the folder of
    /// a run;
    /// [`Error::Io`] if it cannot be made.
    pub fn open(path: &Path, force: bool) -> Result<Self, Error> {
        Self::check(path, force, "choose another folder, or write to it anyway with --force")?;
        fs::create_dir_all(path).map_err(Error::io(path))?;
        Ok(Self(path.to_path_buf()))
    }

    /// Refuses what [`open`](Self::open) refuses, with `advice` on what to do about a folder that
    /// is not empty, and creates nothing.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn check(path: &Path, force: bool, advice: &str) -> Result<(), Error> {
        if !path.exists() {
            return Ok(());
        }
        if !path.is_dir() {
            return Err(Error::run(path, "is a file, not a folder"));
        }
        check_no_run(path)?;
        let is_empty = fs::read_dir(path).map_err(Error::io(path))?.next().is_none();
        match is_empty || force {
            true => Ok(()),
            false => Err(Error::run(path, format!("is not empty: {advice}"))),
        }
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
