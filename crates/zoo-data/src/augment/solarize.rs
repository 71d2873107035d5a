//! Images with bright values inverted, as in an overexposed film.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Solarize,
    settings::{check_probability, check_within, sometimes},
};
use crate::DataError;

settings! {
    /// Inverts values at and above a threshold.
    pub struct RandomSolarize {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// The smallest value that is inverted, 0 to 255.
        pub threshold: f64 = 128.0,
    }
}

impl Augment for RandomSolarize {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("solarize.probability", self.probability)?;
        check_within("solarize.threshold", self.threshold, 0.0..=255.0, "")
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Solarize { threshold: self.threshold })
    }
}
