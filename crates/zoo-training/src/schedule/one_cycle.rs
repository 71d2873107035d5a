//! Up along a cosine, then down along another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Extent, Length, Schedule, Span, along_cosine};
use crate::words::range;

/// Settings of the one-cycle schedule, as PyTorch's `OneCycleLR` without its momentum cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycleConfig {
    /// The length of the rise, whose last step has the highest learning rate.
    pub warmup: Length,
    /// The length of rise and fall together.
    pub length: Length,
    /// The initial learning rate as a fraction of the optimizer's, 0 to 1.
    pub start: f64,
    /// The final learning rate as a fraction of the optimizer's, 0 to 1.
    pub floor: f64,
}

impl Default for OneCycleConfig {
    fn default() -> Self {
        Self {
            warmup: Length::Fraction(0.3),
            length: Length::Fraction(1.0),
            start: 0.04,
            floor: 4e-6,
        }
    }
}

impl Schedule for OneCycleConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        range::fraction("start", self.start)?;
        range::fraction("floor", self.floor)
    }

    fn in_warmup(&self, step: usize, extent: Extent) -> f64 {
        let rise = (extent.warmup - 1).max(1) as f64;
        along_cosine(self.start, 1.0, step as f64 / rise)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        // The fall starts at the last step of the rise.
        let peak = extent.warmup.saturating_sub(1);
        let fall = extent.steps.saturating_sub(peak + 1).max(1) as f64;
        along_cosine(1.0, self.floor, (step - peak) as f64 / fall)
    }
}
