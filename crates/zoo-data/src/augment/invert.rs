//! Negatives.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Invert,
    settings::{check_probability, sometimes},
};
use crate::DataError;

settings! {
    /// Inverts every value.
    pub struct RandomInvert {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
    }
}

impl Augment for RandomInvert {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("invert.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Invert)
    }
}
