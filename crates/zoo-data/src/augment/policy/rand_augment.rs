//! RandAugment, after Cubuk et al. (<https://arxiv.org/abs/1909.13719>), in torchvision's form.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::space::{CHOICES, Space};
use crate::{
    DataError,
    augment::{
        Augment, Background, Canvas, Draw, operation::Interpolation, settings::check_within,
    },
};

/// The greatest magnitude.
const MOST: usize = 30;

settings! {
    /// Applies several operations, each drawn from 14, all at the same magnitude.
    pub struct RandAugment {
        /// Number of operations, 1 to 20. The paper's N.
        pub num_ops: usize = 2,
        /// Magnitude of all of them, 0 to 30. The paper's M; timm's magnitude is out of 10, so each
        /// unit counts three times as much.
        pub magnitude: usize = 9,
        /// What is read between pixels.
        pub interpolation: Interpolation,
        /// What is beyond the image.
        pub fill: Background,
    }
}

impl Augment for RandAugment {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_within("rand-augment.num_ops", self.num_ops, 1..=20, "operations")?;
        check_within("rand-augment.magnitude", self.magnitude, 0..=MOST, "")
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let space = Space::narrow(canvas.width, canvas.height);
        let sampling = canvas.sampling(self.interpolation, self.fill);
        let strength = self.magnitude as f64 / MOST as f64;
        let draw = |_| {
            let choice = CHOICES[rng.random_range(0..CHOICES.len())];
            space.draw(choice, strength, &sampling, rng)
        };
        (0..self.num_ops).filter_map(draw).collect()
    }
}
