//! The learning rate stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Extent, Length, Schedule, Span};

/// Settings of the constant schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConstantConfig {
    /// The warm-up, over which the learning rate rises linearly from near 0.
    pub warmup: Length,
}

impl Default for ConstantConfig {
    fn default() -> Self {
        Self { warmup: Length::Steps(0) }
    }
}

impl Schedule for ConstantConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: Length::Fraction(1.0) }
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn after_warmup(&self, _: usize, _: Extent) -> f64 {
        1.0
    }
}
