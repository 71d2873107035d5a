//! Random numbers as a pure function of where they are used.
//!
//! No generator's state runs through a training run: everything random uses a fresh generator,
//! identified by seed, use, epoch and index. So it does not matter which thread draws, or whether
//! the run was interrupted.

use rand::seq::SliceRandom;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// What a generator is used for. Two uses never share random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Stream {
    /// Dividing images into splits; the index is the class.
    Split = 1,
    /// The order of the train images in an epoch.
    Shuffle = 2,
    /// Augmenting an image; the index is that of the image in its source, and distinguishes repeats
    /// within an epoch.
    Augment = 3,
    /// Seeds of drawn datasets; the index is the split.
    Draw = 4,
    /// Mixing a batch of train images; the index is the batch's number in its epoch.
    Mix = 5,
    /// Choosing a part of the train images; the index is the class.
    Subset = 6,
    /// Corrupting test images; the epoch is the strength, the index that of the image in its source.
    Corrupt = 7,
    /// Choosing some images of a split.
    Choose = 8,
    /// Drawing figures again, for an interval.
    Resample = 9,
    /// The order in which groups of images are divided into splits.
    Group = 10,
    /// Drawing the train images of an epoch so that classes are equally frequent; the index is the
    /// class.
    Balance = 11,
}

/// A generator for one use at one place.
///
/// The numbers are the same on every machine: ChaCha with 8 rounds, its key mixed from the four
/// arguments by SplitMix64 (<https://doi.org/10.1145/2714064.2660195>).
pub fn rng(seed: u64, stream: Stream, epoch: u64, index: u64) -> ChaCha8Rng {
    let mut state = 0;
    for value in [seed, stream as u64, epoch, index] {
        state = split_mix(state ^ value);
    }
    let mut key = [0; 32];
    for word in key.chunks_exact_mut(8) {
        state = split_mix(state);
        word.copy_from_slice(&state.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The numbers `0..len` in random order.
pub(crate) fn permutation(len: usize, mut rng: ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut rng);
    order
}

/// The SplitMix64 generator's next number after `state`.
fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use rand::RngCore;

    use super::*;

    #[test]
    fn split_mix_gives_the_published_numbers() {
        // The first outputs of SplitMix64 from state 0 and from the state that follows.
        assert_eq!(split_mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(split_mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn numbers_stay_the_same_for_ever() {
        // The first two were computed apart from this code, from the definitions of SplitMix64 and
        // ChaCha8.
        assert_eq!(rng(0, Stream::Shuffle, 0, 0).next_u64(), 12_909_315_237_762_655_650);
        assert_eq!(rng(1, Stream::Augment, 2, 3).next_u64(), 4_564_986_450_103_804_423);
        let order = |epoch| permutation(8, rng(0, Stream::Shuffle, epoch, 0));
        assert_eq!([order(0), order(1)], [[0, 7, 1, 2, 5, 3, 4, 6], [1, 5, 0, 3, 7, 2, 6, 4]]);
    }

    #[test]
    fn every_argument_matters() {
        let base = rng(1, Stream::Augment, 2, 3).next_u64();
        assert_ne!(rng(0, Stream::Augment, 2, 3).next_u64(), base);
        assert_ne!(rng(1, Stream::Shuffle, 2, 3).next_u64(), base);
        assert_ne!(rng(1, Stream::Augment, 0, 3).next_u64(), base);
        assert_ne!(rng(1, Stream::Augment, 2, 0).next_u64(), base);
        assert_ne!(rng(1, Stream::Augment, 3, 2).next_u64(), base);
    }
}
