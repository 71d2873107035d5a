//! Divides by the root of all squared gradients so far.

use burn::optim::{self, decay::WeightDecayConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::words::range;

/// Settings of AdaGrad, as `torch.optim.Adagrad`; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdaGradConfig {
    /// The largest step size of the schedule, above 0.
    pub learning_rate: f64,
    /// Divides the learning rate by 1 + this × (steps done), at least 0.
    pub lr_decay: f64,
    /// Added to the denominator, above 0.
    pub epsilon: f64,
    /// The factor of the weights that is added to their gradient, at least 0.
    pub weight_decay: f64,
}

impl Default for AdaGradConfig {
    fn default() -> Self {
        Self { learning_rate: 0.01, lr_decay: 0.0, epsilon: 1e-10, weight_decay: 0.0 }
    }
}

impl Settings for AdaGradConfig {
    type Optimizer = optim::AdaGrad;

    fn check(&self) -> Result<(), String> {
        range::from_zero("lr_decay", self.lr_decay)?;
        range::above_zero("epsilon", self.epsilon)
    }

    fn build(&self, weight_decay: f64) -> optim::AdaGrad {
        optim::AdaGradConfig::new()
            .with_lr_decay(self.lr_decay)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .build()
    }
}
