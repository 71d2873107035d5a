//! Batches of a split, made ahead by worker threads, in an order that depends on the seed and the
//! epoch alone.

mod config;
mod order;
mod ordered;
mod share;

use std::sync::Arc;

use burn::tensor::Device;

pub use config::{LoaderConfig, Sampler};
use order::Turn;
use ordered::Ordered;
use share::{Numbers, Share};

use crate::{
    DataError,
    augment::{self, Augmentation, augment},
    batch::{Batch, Normalizer, Packed, pack},
    dataset::Split,
    mix::MixConfig,
    preprocess::Preprocess,
    rng::{Stream, rng},
};

/// Gives the batches of a split, epoch after epoch.
///
/// Which images are in a batch, in which order, and how they are augmented and mixed, is a function of seed
/// and epoch; the number of workers changes the speed alone. The last batch of an epoch is shorter
/// where the images do not divide evenly.
pub struct Loader {
    plan: Arc<Order>,
    device: Device,
    share: Share,
}

/// All that decides what is in the batches.
#[derive(Clone)]
struct Order {
    split: Split,
    preprocess: Preprocess,
    augment: Vec<Augmentation>,
    mix: MixConfig,
    /// Seed of order and augmentation. `None`: the order of the split.
    seed: Option<u64>,
    config: LoaderConfig,
}

impl Loader {
    /// The images in the order of the split, as they are: for validation and tests.
    ///
    /// # Panics
    /// If `preprocess` or `config` does not pass its `check`.
    pub fn new(
        split: &Split,
        preprocess: &Preprocess,
        config: &LoaderConfig,
        device: &Device,
    ) -> Self {
        assert_fit(config.check());
        assert_fit(preprocess.check());
        let plan = Order {
            split: split.clone(),
            preprocess: preprocess.clone(),
            augment: Vec::new(),
            mix: MixConfig::default(),
            seed: None,
            config: config.clone(),
        };
        Self { plan: Arc::new(plan), device: device.clone(), share: Share::ALL }
    }

    /// For training: the images in another order in each epoch, drawn by `seed`.
    pub fn shuffled(self, seed: u64) -> Self {
        self.with(|plan| plan.seed = Some(seed))
    }

    /// With random changes to every image, other ones in each epoch.
    ///
    /// # Panics
    /// If `changes` do not pass [`augment::check`], or the loader is not [shuffled](Self::shuffled),
    /// so that there is no seed to draw them by.
    pub fn augmented(self, changes: &[Augmentation]) -> Self {
        assert_fit(augment::check(changes, self.plan.preprocess.image_size));
        assert!(self.plan.seed.is_some(), "augmentation is for shuffled loaders");
        self.with(|plan| plan.augment = changes.to_vec())
    }

    /// With images mixed in batches.
    ///
    /// # Panics
    /// If `mix` does not pass its `check`, or the loader is not [shuffled](Self::shuffled).
    pub fn mixed(self, mix: &MixConfig) -> Self {
        assert_fit(mix.check());
        assert!(self.plan.seed.is_some(), "mixing is for shuffled loaders");
        self.with(|plan| plan.mix = mix.clone())
    }

    /// For one of several processes that train together: only the batches whose number, counted over all
    /// epochs, leaves `rank` when divided by `ranks`. They are the same as without.
    ///
    /// # Panics
    /// If `rank` is not below `ranks`.
    pub fn shared(self, rank: usize, ranks: usize) -> Self {
        assert!(rank < ranks, "rank {rank} of {ranks}");
        Self { share: Share { rank, ranks }, ..self }
    }

    fn with(self, change: impl FnOnce(&mut Order)) -> Self {
        let mut plan = (*self.plan).clone();
        change(&mut plan);
        Self { plan: Arc::new(plan), ..self }
    }

    /// The batches of one epoch, counted from 0, without the first `skip_batches`: what an
    /// interrupted run still has to do.
    pub fn epoch(&self, epoch: usize, skip_batches: usize) -> LoaderIter {
        let plan = self.plan.clone();
        let order = plan.order(epoch);
        let LoaderConfig { workers, prefetch, .. } = plan.config;
        let all = plan.num_batches();
        let numbers = self.share.of(skip_batches.min(all)..all, epoch * all);
        LoaderIter {
            numbers,
            images: plan.split.len(),
            batch_size: plan.config.batch_size,
            normalizer: Normalizer::new(&plan.preprocess, &self.device),
            batches: Ordered::new(0..numbers.len(), workers, workers + prefetch, move |turn| {
                plan.pack(&order, epoch, numbers.get(turn))
            }),
        }
    }

    /// Number of batches in an epoch, a short last one included.
    pub fn num_batches(&self) -> usize {
        self.plan.num_batches()
    }

    /// Number of images in an epoch.
    pub fn num_images(&self) -> usize {
        self.plan.split.len()
    }

    /// What to call the image of an index, as [`Batch`] has it: its path, or something like
    /// `fashion-mnist train #17`.
    pub fn name(&self, index: usize) -> String {
        self.plan.split.source().name(index)
    }
}

/// Panics with the reason.
fn assert_fit(check: Result<(), DataError>) {
    if let Err(error) = check {
        panic!("a loader of unchecked settings: {error}");
    }
}

impl Order {
    fn num_batches(&self) -> usize {
        self.split.len().div_ceil(self.config.batch_size)
    }

    /// The images of an epoch, in their order.
    fn order(&self, epoch: usize) -> Vec<Turn> {
        match self.seed {
            Some(seed) => order::drawn(&self.split, self.config.sampler, seed, epoch as u64),
            None => order::in_order(&self.split),
        }
    }

    /// Reads, resizes, augments and mixes the images of a batch.
    fn pack(&self, order: &[Turn], epoch: usize, number: usize) -> Result<Packed, DataError> {
        let size = self.config.batch_size;
        let turns = &order[number * size..order.len().min((number + 1) * size)];
        let image_len = self.preprocess.image_len();
        let mut packed = Packed {
            pixels: vec![0; turns.len() * image_len],
            labels: Vec::with_capacity(turns.len()),
            own_share: None,
            indices: Vec::with_capacity(turns.len()),
        };
        for (turn, pixels) in turns.iter().zip(packed.pixels.chunks_exact_mut(image_len)) {
            let sample = self.split.sample(turn.position)?;
            let image = match self.seed {
                Some(seed) => {
                    let index = turn.augmented_by(sample.index);
                    let mut rng = rng(seed, Stream::Augment, epoch as u64, index);
                    augment(sample.image, &self.preprocess, &self.augment, &mut rng)
                }
                None => self.preprocess.apply(sample.image),
            };
            pack(&image, pixels);
            packed.labels.push(sample.label as i64);
            packed.indices.push(sample.index);
        }
        if let Some(seed) = self.seed {
            let mut rng = rng(seed, Stream::Mix, epoch as u64, number as u64);
            let side = self.preprocess.image_size;
            if let Some(mix) = self.mix.draw(epoch, side, &mut rng) {
                mix.apply(&mut packed.pixels, image_len, side);
                packed.own_share = Some(mix.own_share(side));
            }
        }
        Ok(packed)
    }
}

/// The batches of one epoch. Dropping it stops the workers.
///
/// An image that cannot be read gives an `Err` in place of its batch, with the image's name; the
/// batches after it can still be had.
pub struct LoaderIter {
    /// Number of images in a whole epoch.
    images: usize,
    batch_size: usize,
    numbers: Numbers,
    normalizer: Normalizer,
    batches: Ordered<Result<Packed, DataError>>,
}

impl Iterator for LoaderIter {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let packed = self.batches.next()?;
        Some(packed.map(|packed| packed.into_batch(&self.normalizer)))
    }
}

impl LoaderIter {
    /// Images handed out so far, skipped ones and those of other processes included.
    pub fn images_done(&self) -> usize {
        self.images.min(self.numbers.get(self.batches.next_number()) * self.batch_size)
    }
}

#[cfg(test)]
mod tests;
