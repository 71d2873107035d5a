//! Mirrored images: the oldest augmentation of photos, in Krizhevsky et al.
//! (<https://papers.nips.cc/paper/4824>, section 4.1).

use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Augment, Canvas, Draw,
    operation::{HorizontalFlip, VerticalFlip},
    settings::{check_probability, sometimes},
};
use crate::DataError;

/// Mirrors the image left to right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomHorizontalFlip {
    /// How often, 0 to 1.
    pub probability: f64,
}

/// Mirrors the image upside down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomVerticalFlip {
    /// How often, 0 to 1.
    pub probability: f64,
}

impl Default for RandomHorizontalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Default for RandomVerticalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Augment for RandomHorizontalFlip {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("horizontal-flip.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, HorizontalFlip)
    }
}

impl Augment for RandomVerticalFlip {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("vertical-flip.probability", self.probability)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        sometimes(self.probability, rng, VerticalFlip)
    }
}
