//! The dataset `sea`: marine animals that [`crate::sea`] draws, so that there is something to learn
//! from with nothing to download.

use std::sync::{Arc, OnceLock};

use rand::RngCore;
use sha2::{Digest, Sha256};
use zoo_settings::settings;

use super::{
    Dataset, ImageSource, Info, OnUnreadable, Split, SplitName, SubsetConfig, kept::Kept, owned,
    settings::Settings,
};
use crate::{
    DataError, Image,
    preprocess::{Normalize, PreprocessConfig},
    rng::{Stream, rng},
    sea::{CLASSES, Drawing, draw},
};

pub(super) static INFO: Info = Info {
    name: "sea",
    about: "Ten kinds of marine animals, drawn from a seed at any size.",
    classes: Some(CLASSES.len()),
    channels: 3,
    image_size: 32,
    own_test: true,
    source: "nothing to download: the images are drawn when they are needed",
    files: &[],
    normalize: Normalize::Half,
};

/// Most images of a split: what is known of each takes memory, drawn or not.
const MAX_IMAGES: usize = 10_000_000;
/// Most bytes of drawn images that a split keeps in memory; one that is larger is drawn anew each
/// time.
const MAX_KEPT_BYTES: usize = 256 << 20;

settings! {
    /// Drawn marine animals. Labels alternate, so every split is balanced.
    pub struct SeaConfig {
        /// Number of train images, 10 to 10,000,000.
        pub train: usize = 4000,
        /// Number of valid images, 10 to 10,000,000.
        pub valid: usize = 1000,
        /// Number of test images, 10 to 10,000,000.
        pub test: usize = 1000,
        /// Seed of the drawings.
        pub seed: u64 = 0,
        /// The classes to keep, by name, in the order of their labels: at least two. By default
        /// all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub classes: Option<Vec<String>>,
        /// How much of the train split to keep: `{"fraction": 0.1}` or `{"images_per_class": 20}`.
        /// By default all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subset: Option<SubsetConfig>,
        /// How images are prepared for the network. They are drawn at `image_size`, by default 32,
        /// and never resized.
        pub preprocess: PreprocessConfig,
    }
}

impl Settings for SeaConfig {
    /// Refuses splits in which a class would be missing, and images too small to be drawn.
    fn check(&self, info: &Info) -> Result<(), DataError> {
        for (setting, images) in [("train", self.train), ("valid", self.valid), ("test", self.test)]
        {
            if !(CLASSES.len()..=MAX_IMAGES).contains(&images) {
                let expected = format!("{} (one image per class) to {MAX_IMAGES}", CLASSES.len());
                return Err(DataError::setting(setting, expected, images));
            }
        }
        if let Some(subset) = &self.subset {
            subset.check("subset")?;
        }
        self.preprocess.resolve(info).map(drop)
    }

    fn kept(&self) -> Kept<'_> {
        let Self { classes, subset, seed, .. } = self;
        Kept { setting: "", classes: classes.as_deref(), subset: subset.as_ref(), seed: *seed }
    }

    fn subset_mut(&mut self) -> &mut Option<SubsetConfig> {
        &mut self.subset
    }
}

impl SeaConfig {
    /// The drawing behind an image of a split: its pixels and where the animal is.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn drawing(&self, split: SplitName, index: usize) -> Result<Drawing, DataError> {
        let size = self.preprocess.resolve(&INFO)?.image_size;
        Ok(draw(self.split_seed(split), index as u64, index % CLASSES.len(), size))
    }

    /// Splits are drawn from seeds of their own, so that none changes with the length of another.
    fn split_seed(&self, split: SplitName) -> u64 {
        rng(self.seed, Stream::Draw, 0, split as u64).next_u64()
    }
}

/// Lays out the splits; nothing is drawn yet.
pub(super) fn open(config: &SeaConfig) -> Result<Dataset, DataError> {
    let preprocess = config.preprocess.resolve(&INFO)?;
    let split = |name, images: usize| {
        let source = SeaSource::new(name, config.split_seed(name), images, preprocess.image_size);
        Split::new(Arc::new(source), (0..images).collect::<Vec<usize>>())
    };
    Ok(Dataset {
        name: INFO.name,
        classes: owned(&CLASSES),
        train: split(SplitName::Train, config.train),
        valid: split(SplitName::Valid, config.valid),
        test: Some(split(SplitName::Test, config.test)),
        preprocess,
        notes: Vec::new(),
        on_unreadable: OnUnreadable::Error,
        skipped: Vec::new(),
    })
}

/// The images of one split.
struct SeaSource {
    split: SplitName,
    seed: u64,
    size: usize,
    /// Pixels of the images drawn so far; empty if they would be too many to keep.
    kept: Vec<OnceLock<Vec<u8>>>,
}

impl SeaSource {
    fn new(split: SplitName, seed: u64, images: usize, size: usize) -> Self {
        let keep = images * size * size * 3 <= MAX_KEPT_BYTES;
        Self {
            split,
            seed,
            size,
            kept: (0..if keep { images } else { 0 }).map(|_| OnceLock::new()).collect(),
        }
    }

    fn draw(&self, index: usize) -> Drawing {
        draw(self.seed, index as u64, self.label(index), self.size)
    }
}

impl ImageSource for SeaSource {
    fn label(&self, index: usize) -> usize {
        index % CLASSES.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let pixels = match self.kept.get(index) {
            Some(kept) => kept.get_or_init(|| self.draw(index).pixels).clone(),
            None => self.draw(index).pixels,
        };
        Ok(Image::new(self.size, self.size, 3, pixels))
    }

    fn name(&self, index: usize) -> String {
        format!("sea {} #{index}", self.split)
    }

    fn mask(&self, index: usize) -> Option<Vec<u8>> {
        Some(self.draw(index).mask)
    }

    fn stamp(&self, hasher: &mut Sha256) {
        hasher.update(self.seed.to_le_bytes());
        hasher.update((self.size as u64).to_le_bytes());
        // One drawing of each class: a change of the code that draws is another dataset.
        for index in 0..CLASSES.len() {
            hasher.update(self.draw(index).pixels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataConfig;

    fn small(seed: u64) -> SeaConfig {
        SeaConfig { train: 40, valid: 20, test: 10, seed, ..SeaConfig::default() }
    }

    #[test]
    fn splits_are_balanced_and_have_the_lengths_asked_for() {
        let dataset = DataConfig::Sea(small(0)).open().unwrap();
        assert_eq!(dataset.train.class_counts(10), [4; 10]);
        assert_eq!(dataset.valid.class_counts(10), [2; 10]);
        assert_eq!(dataset.test.as_ref().unwrap().class_counts(10), [1; 10]);
        assert_eq!(dataset.train.name(3), "sea train #3");
        assert_eq!(dataset.classes.len(), 10);
    }

    #[test]
    fn images_are_the_drawings() {
        let config = small(5);
        let dataset = open(&config).unwrap();
        for _ in 0..2 {
            let sample = dataset.valid.sample(13).unwrap();
            let drawing = config.drawing(SplitName::Valid, 13).unwrap();
            assert_eq!(sample.label, 3);
            assert_eq!(sample.image, Image::new(32, 32, 3, drawing.pixels));
            assert_eq!(dataset.valid.source().mask(13), Some(drawing.mask));
        }
    }

    #[test]
    fn a_split_too_large_to_be_kept_is_drawn_anew() {
        let (kept, anew) = (
            SeaSource::new(SplitName::Test, 7, 10, 16),
            SeaSource::new(SplitName::Test, 7, 500_000, 16),
        );
        assert_eq!((kept.kept.len(), anew.kept.len()), (10, 0));
        assert_eq!(kept.image(9).unwrap(), anew.image(9).unwrap());
    }

    #[test]
    fn splits_and_seeds_differ() {
        let (zero, one) = (open(&small(0)).unwrap(), open(&small(1)).unwrap());
        let image = |split: &Split| split.sample(0).unwrap().image;
        assert_ne!(image(&zero.train), image(&zero.valid));
        assert_ne!(image(&zero.train), image(&one.train));
        assert_ne!(zero.fingerprint(), one.fingerprint());
    }

    #[test]
    fn a_longer_train_split_leaves_the_others_alone() {
        let longer = open(&SeaConfig { train: 400, ..small(0) }).unwrap();
        let short = open(&small(0)).unwrap();
        assert_eq!(longer.valid.sample(4).unwrap(), short.valid.sample(4).unwrap());
        assert_eq!(longer.train.sample(4).unwrap(), short.train.sample(4).unwrap());
    }

    #[test]
    fn too_few_images_are_refused() {
        let error = DataConfig::Sea(SeaConfig { valid: 9, ..small(0) }).open().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`valid`: expected 10 (one image per class) to 10000000, found 9"
        );
    }
}
