//! Turned, moved, scaled and slanted images, all at once.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Background, Canvas, Draw,
    operation::{Affine, Interpolation},
    settings::{check_ends, check_within},
};
use crate::DataError;

settings! {
    /// Rotates, translates, scales and shears the image, each by a random amount.
    pub struct RandomAffine {
        /// Largest angle in degrees, 0 to 180, in either direction.
        pub degrees: f64 = 10.0,
        /// Largest translation as a fraction of width and of height, each 0 to 1, in either
        /// direction; in whole pixels.
        pub translate: [f64; 2] = [0.1; 2],
        /// Smallest and largest factor for both sides, each 0.01 to 100.
        pub scale: [f64; 2] = [0.9, 1.1],
        /// Largest shear of vertical and of horizontal lines in degrees, each 0 to 89, in either
        /// direction.
        pub shear: [f64; 2] = [0.0; 2],
        /// What is read between pixels.
        pub interpolation: Interpolation,
        /// What is beyond the image.
        pub fill: Background,
    }
}

impl Augment for RandomAffine {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_within("affine.degrees", self.degrees, 0.0..=180.0, "degrees")?;
        for part in self.translate {
            check_within("affine.translate", part, 0.0..=1.0, "widths or heights")?;
        }
        check_ends("affine.scale", self.scale, 0.01..=100.0)?;
        for degrees in self.shear {
            check_within("affine.shear", degrees, 0.0..=89.0, "degrees")?;
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let mut within = |most: f64| rng.random_range(-most..=most);
        let rotate = within(self.degrees);
        let translate = [
            within(self.translate[0] * canvas.width as f64).round(),
            within(self.translate[1] * canvas.height as f64).round(),
        ];
        let shear = self.shear.map(within);
        let scale = rng.random_range(self.scale[0]..=self.scale[1]);
        let sampling = canvas.sampling(self.interpolation, self.fill);
        vec![Box::new(Affine { rotate, translate, scale, shear, ..Affine::identity(sampling) })]
    }
}
