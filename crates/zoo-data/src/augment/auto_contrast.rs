//! Images that use all values from black to white.

use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Augment, Canvas, Draw,
    operation::AutoContrast,
    settings::{check_probability, sometimes},
};
use crate::DataError;

/// Stretches each channel so that its smallest value becomes 0 and its largest 255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomAutoContrast {
    /// How often, 0 to 1.
    pub probability: f64,
}

impl Default for RandomAutoContrast {
    fn default() -> Self {
        Self { probability: 0.5 }
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
