//! Images of few values, as posters are printed.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Posterize,
    settings::{check_probability, check_within, sometimes},
};
use crate::DataError;

settings! {
    /// Keeps the highest bits of every value.
    pub struct RandomPosterize {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// How many of a value's 8 bits to keep, 1 to 8.
        pub bits: u32 = 4,
    }
}

impl Augment for RandomPosterize {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("posterize.probability", self.probability)?;
        check_within("posterize.bits", self.bits, 1..=8, "bits")
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Posterize { bits: self.bits })
    }
}
