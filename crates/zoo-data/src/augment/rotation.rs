//! Turned images.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Background, Canvas, Draw,
    operation::{Affine, Interpolation},
    settings::check_within,
};
use crate::DataError;

settings! {
    /// Rotates the image about its centre, by any angle up to `degrees` in either direction.
    pub struct RandomRotation {
        /// Largest angle in degrees, 0 to 180.
        pub degrees: f64 = 15.0,
        /// What is read between pixels.
        pub interpolation: Interpolation,
        /// What is beyond the image.
        pub fill: Background,
    }
}

impl Augment for RandomRotation {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_within("rotation.degrees", self.degrees, 0.0..=180.0, "degrees")
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let rotate = rng.random_range(-self.degrees..=self.degrees);
        let sampling = canvas.sampling(self.interpolation, self.fill);
        vec![Box::new(Affine { rotate, ..Affine::identity(sampling) })]
    }
}
