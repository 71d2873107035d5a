//! What can go wrong in a training.

use std::path::{Path, PathBuf};

use zoo_data::{DataError, shown};

/// A training that cannot begin, or could not continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings that cannot be run.
    #[error("{origin}: {message}")]
    Config {
        /// The block of the config.
        origin: String,
        /// What was wrong and what was expected.
        message: String,
    },
    /// The data set cannot be opened.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A run directory that cannot be used, or weights that cannot be read.
    #[error("{path}: {message}", path = shown(path))]
    Run {
        /// The run directory or the file in it.
        path: PathBuf,
        /// What was wrong with it.
        message: String,
    },
    /// A file that cannot be read or written before the work has begun.
    #[error("{path}: {source}", path = shown(path))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A run that had started and could not continue.
    #[error("{0}")]
    Failed(String),
    /// Another of the processes that train together could not continue.
    #[error("{message}")]
    Elsewhere {
        /// What it says, with its name.
        message: String,
        /// What all of them end with.
        code: u8,
    },
    /// The user stopped the run; a checkpoint has been written.
    #[error("stopped after step {step}, with a checkpoint")]
    Interrupted {
        /// The optimizer steps that were done.
        step: usize,
    },
}

/// An [`Error::Config`] about the block `key`.
pub fn refuse(key: &str, message: impl Into<String>) -> Error {
    Error::Config { origin: format!("config, `{key}`"), message: message.into() }
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

impl From<zoo_model::Error> for Error {
    fn from(error: zoo_model::Error) -> Self {
        match error {
            zoo_model::Error::Run { path, message } => Self::Run { path, message },
            zoo_model::Error::Io { path, source } => Self::Io { path, source },
            other => Self::Failed(other.to_string()),
        }
    }
}
