//! What can go wrong when a file is fetched.

use std::{
    io,
    path::{Path, PathBuf},
};

use zoo_data::shown;

/// Why a file could not be downloaded, and how to get it anyway.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no network, no such server, or no such file.
    #[error(
        "cannot download {url}: {reason}; check your connection, or get the file by other means and \
         put it at {place}",
        place = shown(place)
    )]
    Unreachable {
        /// Where the file is published.
        url: String,
        /// What the network or the server said.
        reason: String,
        /// Where the file belongs.
        place: PathBuf,
    },
    /// The connection ended before the file did.
    #[error(
        "the download of {url} was interrupted after {have}{} bytes ({reason}); run the command \
         again to continue, or get the file by other means and put it at {place}",
        bytes.map(|bytes| format!(" of {bytes}")).unwrap_or_default(),
        place = shown(place)
    )]
    BrokenOff {
        /// Where the file is published.
        url: String,
        /// Bytes that were received and are kept.
        have: u64,
        /// Bytes of the file, where they are known.
        bytes: Option<u64>,
        /// What the network said.
        reason: io::Error,
        /// Where the file belongs.
        place: PathBuf,
    },
    /// The file has another size or content than the one that was published.
    #[error(
        "{path} has {found}, expected {expected}: it is not the file published at {url}; {}, or get \
         it by other means and put it at {place}",
        if path == place { "remove it and download it again" } else { "it has been removed: download it again" },
        path = shown(path), place = shown(place)
    )]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Its size or hash.
        found: String,
        /// The right one.
        expected: String,
        /// Where the file is published.
        url: String,
        /// Where the file belongs.
        place: PathBuf,
    },
    /// Another process fetches the same file.
    #[error("another process is downloading {path}; wait for it to finish", path = shown(path))]
    Busy {
        /// The file that grows.
        path: PathBuf,
    },
    /// The disk cannot be read or written.
    #[error("{path}: {reason}", path = shown(path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

impl DownloadError {
    /// A [`DownloadError::Io`] about `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |reason| Self::Io { path, reason }
    }
}
