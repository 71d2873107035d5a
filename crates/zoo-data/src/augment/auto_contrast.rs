//! Images that use all values from black to white.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::AutoContrast,
    settings::{check_probability, sometimes},
};
use crate::DataError;

settings! {
    /// Stretches each channel so that its smallest value becomes 0 and its largest 255.
    pub struct RandomAutoContrast {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
    }
}

impl Augment for RandomAutoContrast {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("auto-contrast.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, AutoContrast)
    }
}
