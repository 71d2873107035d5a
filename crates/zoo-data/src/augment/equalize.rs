//! Images whose values are all equally frequent.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Equalize,
    settings::{check_probability, sometimes},
};
use crate::DataError;

settings! {
    /// Equalises each channel's histogram, so that its values are as evenly frequent as possible.
    pub struct RandomEqualize {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
    }
}

impl Augment for RandomEqualize {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("equalize.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Equalize)
    }
}
