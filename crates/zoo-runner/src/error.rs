//! Everything that can go wrong, with the exit code that says how far the program had come.

use std::path::{Path, PathBuf};

use zoo_data::{DataError, shown};

use crate::download::DownloadError;

/// A failure as the user sees it: one sentence or two, without a backtrace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A config file or a `--set` that cannot be understood or cannot be run.
    #[error("{origin}: {message}")]
    Config {
        /// The file with line and column, or the flag.
        origin: String,
        /// What was wrong and what was expected.
        message: String,
    },
    /// A flag or argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The data set cannot be opened.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
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
    /// Another of the processes that train together could not continue, or the first one has said
    /// already why this one could not.
    #[error("{message}")]
    Elsewhere {
        /// What it says.
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
    /// The user stopped several runs; those that are finished stay, the one under way has a
    /// checkpoint.
    #[error("stopped with {finished} of {all} runs finished")]
    Paused {
        /// The runs that were finished.
        finished: usize,
        /// All that were to be made.
        all: usize,
    },
}

/// An [`Error::Config`] about the block `key`.
pub fn refuse(key: &str, message: impl Into<String>) -> Error {
    zoo_training::refuse(key, message).into()
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

    /// 2 where the program refused before the first step, 1 where work that had begun failed,
    /// 130 after Ctrl-C.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Download(_) => 1,
            Self::Elsewhere { code, .. } => *code,
            Self::Interrupted { .. } | Self::Paused { .. } => 130,
            _ => 2,
        }
    }
}

impl From<zoo_training::Error> for Error {
    fn from(error: zoo_training::Error) -> Self {
        match error {
            zoo_training::Error::Config { origin, message } => Self::Config { origin, message },
            zoo_training::Error::Data(error) => Self::Data(error),
            zoo_training::Error::Run { path, message } => Self::Run { path, message },
            zoo_training::Error::Io { path, source } => Self::Io { path, source },
            zoo_training::Error::Elsewhere { message, code } => Self::Elsewhere { message, code },
            zoo_training::Error::Interrupted { step } => Self::Interrupted { step },
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<zoo_model::Error> for Error {
    fn from(error: zoo_model::Error) -> Self {
        zoo_training::Error::from(error).into()
    }
}
