//! TrivialAugment with its wide space, after Müller and Hutter (<https://arxiv.org/abs/2103.10158>).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::space::{CHOICES, Space};
use crate::{
    DataError,
    augment::{Augment, Background, Canvas, Draw, operation::Interpolation},
};

/// The paper's number of steps from no strength to the greatest.
const STEPS: u32 = 30;

/// Applies one operation drawn from 14, at a random magnitude. There is nothing to tune.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrivialAugmentWide {
    /// What is read between pixels.
    pub interpolation: Interpolation,
    /// What is beyond the image.
    pub fill: Background,
}

impl Augment for TrivialAugmentWide {
    fn check(&self, _: usize) -> Result<(), DataError> {
        Ok(())
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let sampling = canvas.sampling(self.interpolation, self.fill);
        let choice = CHOICES[rng.random_range(0..CHOICES.len())];
        let strength = f64::from(rng.random_range(0..=STEPS)) / f64::from(STEPS);
        Space::wide().draw(choice, strength, &sampling, rng).into_iter().collect()
    }
}
