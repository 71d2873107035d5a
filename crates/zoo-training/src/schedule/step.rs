//! Drops at equal intervals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Extent, Length, Schedule, Span};
use crate::words::range;

/// Settings of the step schedule, as PyTorch's `StepLR`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepConfig {
    /// The warm-up, over which the learning rate rises linearly from near 0.
    pub warmup: Length,
    /// The length after which the learning rate stays constant.
    pub length: Length,
    /// The interval between two drops, counted from the start of the run.
    pub every: Length,
    /// The factor of each drop, 0 to 1.
    pub gamma: f64,
    /// The lowest learning rate as a fraction of the optimizer's, 0 to 1.
    pub floor: f64,
}

impl Default for StepConfig {
    fn default() -> Self {
        Self {
            warmup: Length::Steps(0),
            length: Length::Fraction(1.0),
            every: Length::Fraction(1.0 / 3.0),
            gamma: 0.1,
            floor: 0.0,
        }
    }
}

impl Schedule for StepConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        self.every.check("every")?;
        range::fraction("gamma", self.gamma)?;
        range::fraction("floor", self.floor)
    }

    fn check_fits(&self, extent: Extent) -> Result<(), String> {
        match extent.steps_of(self.every) {
            0 => Err(format!("`every` is shorter than one of the {} steps", extent.steps)),
            _ => Ok(()),
        }
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        let drops = step / extent.steps_of(self.every).max(1);
        self.gamma.powi(drops as i32).max(self.floor)
    }
}
