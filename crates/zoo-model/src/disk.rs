//! Writing to disk, also on file systems that lack locks or cannot flush.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// What came of asking for the lock of a file.
#[derive(Debug)]
pub enum Lock {
    /// This process has it, until the last handle of the file is closed.
    Held,
    /// Another process has it.
    Busy,
    /// The file system has no locks; for this reason.
    Lacking(io::Error),
}

impl Lock {
    /// Asks for the lock of `file`, without waiting.
    pub fn take(file: &File) -> Self {
        match file.try_lock() {
            Ok(()) => Self::Held,
            Err(TryLockError::WouldBlock) => Self::Busy,
            Err(TryLockError::Error(error)) => Self::Lacking(error),
        }
    }
}

/// Writes `path` as one unit: a crash leaves the file as it was. It is readable for whom the umask
/// says.
///
/// # Errors
///
/// The operating system's, and those of `write`; nothing half written is left then.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let part = part_of(path);
    let written = File::create(&part).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()?;
        flush(file.get_ref())
    });
    let outcome = written.and_then(|()| fs::rename(&part, path));
    if outcome.is_err() {
        // What went wrong is what the user should hear of.
        let _ = fs::remove_file(&part);
    }
    outcome
}

/// Where a file grows before it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(".part");
    name.into()
}

/// Makes the content of `file` outlast a power cut, where the file system can.
///
/// # Errors
///
/// The operating system's.
pub fn flush(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| if cannot_flush(&error) { Ok(()) } else { Err(error) })
}

/// Makes what happened in `folder` outlast a power cut, where the system lets folders be opened.
///
/// # Errors
///
/// The operating system's, [`cannot_flush`] among them.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// True for the errors of a file system that cannot flush, such as some network mounts.
pub fn cannot_flush(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, |file| file.write_all(b"first")).unwrap();
        let error = write_whole(&path, |file| {
            file.write_all(b"second")?;
            Err(io::Error::other("torn"))
        });
        assert_eq!(error.unwrap_err().to_string(), "torn");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_system_that_cannot_flush_is_told_from_a_broken_disk() {
        // EINVAL, ENOSYS, ENOTSUP; EIO, ENOSPC.
        let told = |code| cannot_flush(&io::Error::from_raw_os_error(code));
        assert_eq!([22, 38, 95, 5, 28].map(told), [true, true, true, false, false]);
    }
}
