//! Adam with a Nesterov momentum of the gradients' differences.

use burn::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of Adan.
    pub struct AdanConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-3,
        /// Decay of the running mean of gradients, at least 0 and below 1.
        pub beta1: f64 = 0.98,
        /// Decay of the running mean of the gradients' differences, at least 0 and below 1.
        pub beta2: f64 = 0.92,
        /// Decay of the running mean of squares, at least 0 and below 1.
        pub beta3: f64 = 0.99,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-8,
        /// The share of the weights that a step with learning rate 1 removes, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for AdanConfig {
    type Optimizer = optim::Adan;

    fn check(&self) -> Result<(), String> {
        range::below_one("beta1", self.beta1)?;
        range::below_one("beta2", self.beta2)?;
        range::below_one("beta3", self.beta3)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::Adan {
        optim::AdanConfig::new()
            .with_beta_1(self.beta1 as f32)
            .with_beta_2(self.beta2 as f32)
            .with_beta_3(self.beta3 as f32)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(weight_decay as f32)
            .build()
    }
}
