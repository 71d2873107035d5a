//! The folder that a report goes to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// A folder that may be written into.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder. What lies in one that is there already stays, unless a file of the report
    /// has its name.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if something lies in it and `force` is not given, or it is a file;
    /// [`Error::Io`] if it cannot be made.
    pub fn open(path: &Path, force: bool) -> Result<Self, Error> {
        if path.exists() && !path.is_dir() {
            return Err(Error::run(path, "is a file, not a folder"));
        }
        fs::create_dir_all(path).map_err(Error::io(path))?;
        let is_empty = fs::read_dir(path).map_err(Error::io(path))?.next().is_none();
        if !is_empty && !force {
            let message = "is not empty: choose another folder, or write into it by --force";
            return Err(Error::run(path, message));
        }
        Ok(Self(path.to_path_buf()))
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
