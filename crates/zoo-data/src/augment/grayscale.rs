//! Images without colours.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Grayscale,
    settings::{check_probability, sometimes},
};
use crate::DataError;

settings! {
    /// Replaces colours by their luma, so that a network does not rely on them.
    pub struct RandomGrayscale {
        /// How often, 0 to 1.
        pub probability: f64 = 0.1,
    }
}

impl Augment for RandomGrayscale {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("grayscale.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Grayscale)
    }
}
