//! Changed light and colours, after Howard (<https://arxiv.org/abs/1312.5402>, section 2.2).

use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::{Brightness, Contrast, Hue, Saturation},
    settings::check_within,
};
use crate::DataError;

settings! {
    /// Changes brightness, contrast, saturation and hue, each by a random amount, in random order.
    pub struct ColorJitter {
        /// The factor is between 1 minus this (at least 0) and 1 plus this: 0 to 10. 0 changes
        /// nothing.
        pub brightness: f64 = 0.4,
        /// The factor is between 1 minus this (at least 0) and 1 plus this: 0 to 10. 0 changes
        /// nothing.
        pub contrast: f64 = 0.4,
        /// The factor is between 1 minus this (at least 0) and 1 plus this: 0 to 10. 0 changes
        /// nothing.
        pub saturation: f64 = 0.4,
        /// Hues shift by up to this fraction of the colour circle in either direction: 0 to 0.5. 0
        /// changes nothing.
        pub hue: f64 = 0.0,
    }
}

impl Augment for ColorJitter {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_within("color-jitter.brightness", self.brightness, 0.0..=10.0, "")?;
        check_within("color-jitter.contrast", self.contrast, 0.0..=10.0, "")?;
        check_within("color-jitter.saturation", self.saturation, 0.0..=10.0, "")?;
        check_within("color-jitter.hue", self.hue, 0.0..=0.5, "of the colour circle")
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let mut draw: Draw = Vec::new();
        if self.brightness > 0.0 {
            draw.push(Box::new(Brightness { factor: factor(self.brightness, rng) }));
        }
        if self.contrast > 0.0 {
            draw.push(Box::new(Contrast { factor: factor(self.contrast, rng) }));
        }
        if self.saturation > 0.0 {
            draw.push(Box::new(Saturation { factor: factor(self.saturation, rng) }));
        }
        if self.hue > 0.0 {
            draw.push(Box::new(Hue { shift: rng.random_range(-self.hue..=self.hue) as f32 }));
        }
        draw.shuffle(rng);
        draw
    }
}

fn factor(jitter: f64, rng: &mut ChaCha8Rng) -> f32 {
    rng.random_range((1.0 - jitter).max(0.0)..=1.0 + jitter) as f32
}
