//! Shifted images: the customary augmentation for CIFAR, after He et al.
//! (<https://arxiv.org/abs/1512.03385>, section 4.2).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Augment, Canvas, Draw,
    operation::{Fill, PaddedCrop},
    settings::check_within,
};
use crate::DataError;

/// Pads the image on all sides and crops it to its own size, which shifts it by up to `padding`
/// pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomCrop {
    /// Width of the border in pixels, 1 to 4096.
    pub padding: usize,
    /// What the border shows.
    pub fill: Fill,
}

impl Default for RandomCrop {
    fn default() -> Self {
        Self { padding: 4, fill: Fill::Zeros }
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
