//! Sharpened images, and softened ones.

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::Sharpness,
    settings::{check_probability, check_within, sometimes},
};
use crate::DataError;

settings! {
    /// Sharpens the image, or softens it.
    pub struct RandomSharpness {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// 0 to 100. 0 is a softened image, 1 the image itself, 2 a sharper one.
        pub factor: f64 = 2.0,
    }
}

impl Augment for RandomSharpness {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("sharpness.probability", self.probability)?;
        check_within("sharpness.factor", self.factor, 0.0..=100.0, "")
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, Sharpness { factor: self.factor as f32 })
    }
}
