//! Images that are small enough to be held in memory, all of one size.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{Dataset, FilesConfig, ImageSource, Info, OnUnreadable, Split, split::stratified};
use crate::{DataError, Image};

/// Images of one size, one after the other.
pub(super) struct MemorySource {
    /// What to call the whole before people, such as `fashion-mnist test`.
    name: String,
    /// Width and height.
    size: usize,
    channels: usize,
    /// Stored NHWC.
    pixels: Vec<u8>,
    labels: Vec<u8>,
    /// SHA-256 of pixels and labels, computed once, on first use.
    hash: OnceLock<[u8; 32]>,
}

impl MemorySource {
    /// Square images of the dataset's native size, stored NHWC, and their labels. `part` is `train`
    /// or `test`.
    ///
    /// # Panics
    /// If the number of pixels is not right.
    pub fn new(info: &Info, part: &str, pixels: Vec<u8>, labels: Vec<u8>) -> Self {
        let (size, channels) = (info.image_size, info.channels);
        assert_eq!(
            pixels.len(),
            labels.len() * size * size * channels,
            "pixels of {} {part}",
            info.name
        );
        Self {
            name: format!("{} {part}", info.name),
            size,
            channels,
            pixels,
            labels,
            hash: OnceLock::new(),
        }
    }
}

impl ImageSource for MemorySource {
    fn label(&self, index: usize) -> usize {
        usize::from(self.labels[index])
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let length = self.size * self.size * self.channels;
        let pixels = self.pixels[index * length..][..length].to_vec();
        Ok(Image::new(self.size, self.size, self.channels, pixels))
    }

    fn name(&self, index: usize) -> String {
        format!("{} #{index}", self.name)
    }

    fn stamp(&self, hasher: &mut Sha256) {
        hasher.update(self.hash.get_or_init(|| {
            let hasher = Sha256::new().chain_update(&self.pixels).chain_update(&self.labels);
            hasher.finalize().into()
        }));
    }
}

/// A dataset with a test split of its own, whose valid split is taken from the train images.
pub(super) fn dataset(
    info: &'static Info,
    classes: Vec<String>,
    config: &FilesConfig,
    train: MemorySource,
    test: MemorySource,
) -> Result<Dataset, DataError> {
    let parts =
        stratified(train.labels.iter().map(|&label| usize::from(label)), &classes, &config.split)?;
    let all_of_test: Vec<usize> = (0..test.labels.len()).collect();
    let train: Arc<dyn ImageSource> = Arc::new(train);
    Ok(Dataset {
        name: info.name,
        classes,
        preprocess: config.preprocess.resolve(info)?,
        train: Split::new(train.clone(), parts.train),
        valid: Split::new(train, parts.valid),
        test: Some(Split::new(Arc::new(test), all_of_test)),
        notes: Vec::new(),
        on_unreadable: OnUnreadable::Error,
        skipped: Vec::new(),
    })
}
