//! Images without colours.

use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Augment, Canvas, Draw,
    operation::Grayscale,
    settings::{check_probability, sometimes},
};
use crate::DataError;

/// Replaces colours by their luma, so that a network does not rely on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomGrayscale {
    /// How often, 0 to 1.
    pub probability: f64,
}

impl Default for RandomGrayscale {
    fn default() -> Self {
        Self { probability: 0.1 }
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
