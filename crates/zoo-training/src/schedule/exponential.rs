//! The same factor at every step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Extent, Length, Schedule, Span};
use crate::words::range;

/// Settings of the exponential schedule: PyTorch's `ExponentialLR` if `every` is one step. The
/// decay is smooth; for stairs, use the step schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExponentialConfig {
    /// The warm-up, over which the learning rate rises linearly from near 0.
    pub warmup: Length,
    /// The length after which the learning rate stays constant.
    pub length: Length,
    /// The interval over which the learning rate falls by the factor `gamma`.
    pub every: Length,
    /// The factor per interval, 0 to 1.
    pub gamma: f64,
    /// The lowest learning rate as a fraction of the optimizer's, 0 to 1.
    pub floor: f64,
}

impl Default for ExponentialConfig {
    fn default() -> Self {
        Self {
            warmup: Length::Steps(0),
            length: Length::Fraction(1.0),
            every: Length::Fraction(0.1),
            gamma: 0.6,
            floor: 0.0,
        }
    }
}

impl Schedule for ExponentialConfig {
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
        let stretches = (step - extent.warmup) as f64 / extent.steps_of(self.every).max(1) as f64;
        self.gamma.powf(stretches).max(self.floor)
    }
}
