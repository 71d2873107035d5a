//! Mirrored images: the oldest augmentation of photos, in Krizhevsky et al.
//! (<https://papers.nips.cc/paper/4824>, section 4.1).

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::{HorizontalFlip, VerticalFlip},
    settings::{check_probability, sometimes},
};
use crate::DataError;

settings! {
    /// Mirrors the image left to right.
    pub struct RandomHorizontalFlip {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
    }

    /// Mirrors the image upside down.
    pub struct RandomVerticalFlip {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
    }
}

impl Augment for RandomHorizontalFlip {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("horizontal-flip.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, HorizontalFlip)
    }
}

impl Augment for RandomVerticalFlip {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("vertical-flip.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, VerticalFlip)
    }
}
