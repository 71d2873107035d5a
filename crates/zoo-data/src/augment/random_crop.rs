//! Shifted images: the customary augmentation for CIFAR, after He et al.
//! (<https://arxiv.org/abs/1512.03385>, section 4.2).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::{Fill, PaddedCrop},
    settings::check_within,
};
use crate::DataError;

settings! {
    /// Pads the image on all sides and crops it to its own size, which shifts it by up to `padding`
    /// pixels.
    pub struct RandomCrop {
        /// Width of the border in pixels, 1 to 4096.
        pub padding: usize = 4,
        /// What the border shows.
        pub fill: Fill = Fill::Zeros,
    }
}

impl Augment for RandomCrop {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_within("random-crop.padding", self.padding, 1..=4096, "pixels")
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let Self { padding, fill } = *self;
        vec![Box::new(PaddedCrop {
            padding,
            fill,
            left: rng.random_range(0..=2 * padding),
            top: rng.random_range(0..=2 * padding),
        })]
    }
}
