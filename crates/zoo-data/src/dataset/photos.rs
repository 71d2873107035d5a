//! Photos on disk, some of which are kept decoded in memory.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use sha2::{Digest, Sha256};

use super::ImageSource;
use crate::{DataError, Image, shown};

/// A file, not read yet.
pub(super) struct Photo {
    /// Below the root.
    pub path: PathBuf,
    pub label: usize,
    /// Size of the file.
    bytes: u64,
    /// What the file is known by whatever its name, where the system says so.
    pub id: Option<FileId>,
}

/// Device and number of a file.
pub(super) type FileId = (u64, u64);

impl Photo {
    /// The photo at a path below `root`. One that cannot be found is reported when its turn comes, with
    /// all others that cannot be read.
    pub fn new(root: &Path, path: PathBuf, label: usize) -> Self {
        let file = root.join(&path).metadata().ok();
        Self {
            path,
            label,
            bytes: file.as_ref().map_or(0, Metadata::len),
            id: file.as_ref().and_then(id),
        }
    }
}

#[cfg(unix)]
fn id(file: &Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn id(_: &Metadata) -> Option<FileId> {
    None
}

/// The photos of all splits, and where they are.
pub(super) struct Photos {
    root: PathBuf,
    photos: Vec<Photo>,
    /// Those that were decoded while there was room: in an epoch every photo has its turn, so that
    /// none is worth more than those that were first.
    decoded: Vec<OnceLock<Image>>,
    /// Bytes of memory that are left for them.
    room: AtomicUsize,
}

impl Photos {
    /// Photos below `root`, of which `cache_mb` megabytes are kept decoded.
    pub fn new(root: PathBuf, photos: Vec<Photo>, cache_mb: usize) -> Self {
        let decoded = photos.iter().map(|_| OnceLock::new()).collect();
        Self { root, photos, decoded, room: AtomicUsize::new(cache_mb.saturating_mul(1_000_000)) }
    }

    /// Keeps a decoded photo, if there is room.
    fn keep(&self, index: usize, image: &Image) {
        let bytes = image.pixels().len();
        let take = |room: usize| room.checked_sub(bytes);
        if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
            && self.decoded[index].set(image.clone()).is_err()
        {
            // Another thread has kept it meanwhile.
            self.room.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

impl ImageSource for Photos {
    fn label(&self, index: usize) -> usize {
        self.photos[index].label
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        if let Some(image) = self.decoded[index].get() {
            return Ok(image.clone());
        }
        let image = Image::open(self.root.join(&self.photos[index].path))?;
        self.keep(index, &image);
        Ok(image)
    }

    fn check(&self, index: usize) -> Result<(), DataError> {
        self.image(index).map(drop)
    }

    fn name(&self, index: usize) -> String {
        shown(&self.root.join(&self.photos[index].path))
    }

    fn stamp(&self, hasher: &mut Sha256) {
        for photo in &self.photos {
            let path = photo.path.as_os_str().as_encoded_bytes();
            hasher.update((path.len() as u64).to_le_bytes());
            hasher.update(path);
            hasher.update(photo.bytes.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_kept_while_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let photo = |name: &str, side: usize| {
            let path = folder.path().join(name);
            Image::filled(side, side, &[side as u8; 3]).save_png(&path).unwrap();
            Photo::new(folder.path(), name.into(), 0)
        };
        // 750,000, 480,000 and 30,000 bytes of a megabyte.
        let photos = vec![photo("a.png", 500), photo("b.png", 400), photo("c.png", 100)];
        let photos = Photos::new(folder.path().to_owned(), photos, 1);
        for _ in 0..2 {
            for index in 0..3 {
                photos.image(index).unwrap();
            }
        }
        let kept: Vec<bool> = photos.decoded.iter().map(|image| image.get().is_some()).collect();
        assert_eq!(kept, [true, false, true]);
        assert_eq!(photos.room.load(Ordering::Relaxed), 220_000);
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(photos.image(2).unwrap(), Image::filled(100, 100, &[100; 3]));
        assert!(photos.image(1).is_err());
    }
}
