//! Which images come when in an epoch.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::Sampler;
use crate::{
    dataset::Split,
    rng::{Stream, permutation, rng},
};

/// Where the number of an image's turn goes in the index that its augmentation is drawn by: above the
/// number of any image.
const TURN_SHIFT: u32 = 40;

/// An image whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Of the image in its split.
    pub position: usize,
    /// How often the image was drawn before in this epoch.
    pub before: u64,
}

impl Turn {
    fn first(position: usize) -> Self {
        Self { position, before: 0 }
    }

    /// By what the augmentation of this turn is drawn, for an image of this index: another one for each
    /// turn of the same image.
    pub fn augmented_by(self, index: usize) -> u64 {
        index as u64 | self.before << TURN_SHIFT
    }
}

/// The images in the order of the split.
pub(super) fn in_order(split: &Split) -> Vec<Turn> {
    (0..split.len()).map(Turn::first).collect()
}

/// The images of an epoch of training; as many as the split has.
pub(super) fn drawn(split: &Split, sampler: Sampler, seed: u64, epoch: u64) -> Vec<Turn> {
    let turns = match sampler {
        Sampler::Shuffle => in_order(split),
        Sampler::Balanced => balanced(split, seed, epoch),
    };
    let order = permutation(turns.len(), rng(seed, Stream::Shuffle, epoch, 0));
    order.into_iter().map(|place| turns[place]).collect()
}

/// As many images of each class, to one: all of a class have their turn before one comes again.
fn balanced(split: &Split, seed: u64, epoch: u64) -> Vec<Turn> {
    let mut of_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in 0..split.len() {
        of_class.entry(split.label(position)).or_default().push(position);
    }
    let (images, classes) = (split.len(), of_class.len().max(1));
    let mut turns = Vec::with_capacity(images);
    for (place, (label, mut positions)) in of_class.into_iter().enumerate() {
        // What does not divide evenly goes to other classes in every epoch.
        let gets_one_more = (place + epoch as usize) % classes < images % classes;
        let end = turns.len() + images / classes + usize::from(gets_one_more);
        let mut rng = rng(seed, Stream::Balance, epoch, label as u64);
        for before in 0.. {
            positions.shuffle(&mut rng);
            let left = end - turns.len();
            turns.extend(positions.iter().take(left).map(|&position| Turn { position, before }));
            if turns.len() == end {
                break;
            }
        }
    }
    turns
}
