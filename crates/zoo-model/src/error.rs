//! What can go wrong with weights.

use std::path::{Path, PathBuf};

use zoo_data::shown;

/// Weights that cannot be read, used or written, and devices that give up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that holds something else than was expected.
    #[error("{path}: {message}", path = shown(path))]
    Run {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        message: String,
    },
    /// A file that cannot be read.
    #[error("{path}: {source}", path = shown(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Work that had begun and could not continue.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// An [`Error::Io`] about `path`.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }

    /// An [`Error::Run`] about `path`.
    pub fn run(path: &Path, message: impl Into<String>) -> Self {
        Self::Run { path: path.to_path_buf(), message: message.into() }
    }
}
