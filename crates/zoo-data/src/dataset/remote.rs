//! What is known of files that can be fetched, and where they are kept.

use std::path::{Path, PathBuf};

use super::Info;
use crate::{DataError, home, shown};

/// A published file.
#[derive(Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Where it is published.
    pub url: &'static str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: &'static str,
}

impl RemoteFile {
    /// What it is called: the end of its address.
    pub fn name(&self) -> &'static str {
        self.url.rsplit('/').next().unwrap_or(self.url)
    }
}

/// The folder in which what was fetched is kept: the one that the environment variable `ZOO_CACHE`
/// names, or `burn-zoo` in the user's folder for caches, such as `~/.cache/burn-zoo`.
///
/// # Errors
/// [`DataError::NoCache`] if the system names no such folder.
pub fn cache_dir() -> Result<PathBuf, DataError> {
    match std::env::var_os("ZOO_CACHE") {
        Some(folder) if !folder.is_empty() => Ok(home(Path::new(&folder))),
        _ => Ok(dirs::cache_dir().ok_or(DataError::NoCache)?.join("burn-zoo")),
    }
}

impl Info {
    /// The folder that the dataset's files are looked for in if nothing else is said: its own in the
    /// [cache](cache_dir).
    ///
    /// # Errors
    /// [`DataError::NoCache`].
    pub fn cache_dir(&self) -> Result<PathBuf, DataError> {
        Ok(cache_dir()?.join("datasets").join(self.name))
    }

    /// How to get the files into `root`, or where they are looked for otherwise.
    pub(super) fn advice(&self, root: Option<&Path>) -> String {
        let folder = root.map(|root| format!(" --root {}", shown(root))).unwrap_or_default();
        format!("download them with `zoo datasets fetch {}{folder}`, or {}", self.name, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DATASETS;

    #[test]
    fn remote_files_are_told_apart_and_checked() {
        for info in DATASETS {
            for file in info.files {
                assert!(file.url.starts_with("http") && file.bytes > 0, "{file:?}");
                assert_eq!(file.sha256.len(), 64, "{file:?}");
                assert!(file.sha256.chars().all(|c| c.is_ascii_hexdigit() && !c.is_uppercase()));
            }
        }
        let names = |name| {
            let info = DATASETS.iter().find(|info| info.name == name).unwrap();
            info.files.iter().map(RemoteFile::name).collect::<Vec<_>>()
        };
        assert_eq!(names("cifar100"), ["cifar-100-binary.tar.gz"]);
        assert_eq!(names("mnist").len(), 4);
        assert_eq!(names("mnist")[3], "t10k-labels-idx1-ubyte.gz");
        assert_eq!(names("sea"), [""; 0]);
    }
}
