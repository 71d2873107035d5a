//! The sign of a momentum.

use burn::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of Lion. It needs a learning rate of a third to a tenth of AdamW's, and a weight
    /// decay larger by the same factor.
    pub struct LionConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-4,
        /// The share of the momentum in a step, at least 0 and below 1.
        pub beta1: f64 = 0.9,
        /// Decay of the momentum, at least 0 and below 1.
        pub beta2: f64 = 0.99,
        /// The share of the weights that a step with learning rate 1 removes, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for LionConfig {
    type Optimizer = optim::Lion;

    fn check(&self) -> Result<(), String> {
        range::below_one("beta1", self.beta1)?;
        Ok(range::below_one("beta2", self.beta2)?)
    }

    fn build(&self, weight_decay: f64) -> optim::Lion {
        optim::LionConfig::new()
            .with_beta_1(self.beta1 as f32)
            .with_beta_2(self.beta2 as f32)
            .with_weight_decay(weight_decay as f32)
            .build()
    }
}
