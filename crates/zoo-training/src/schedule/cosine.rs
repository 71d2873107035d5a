//! Half a cosine down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Extent, Length, Schedule, Span, along_cosine};
use crate::words::range;

/// Settings of the cosine schedule, as PyTorch's `CosineAnnealingLR`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CosineConfig {
    /// The warm-up, over which the learning rate rises linearly from near 0; the cosine follows.
    pub warmup: Length,
    /// The length at whose end the floor is reached.
    pub length: Length,
    /// The final learning rate as a fraction of the optimizer's, 0 to 1.
    pub floor: f64,
}

impl Default for CosineConfig {
    fn default() -> Self {
        Self { warmup: Length::Fraction(0.05), length: Length::Fraction(1.0), floor: 0.0 }
    }
}

impl Schedule for CosineConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        range::fraction("floor", self.floor)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        along_cosine(1.0, self.floor, extent.after_warmup(step))
    }
}
