//! Adam whose steps are scaled to the norm of each parameter, for large batches.

use burn::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of LAMB.
    pub struct LambConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-3,
        /// Decay of the running mean of gradients, at least 0 and below 1.
        pub beta1: f64 = 0.9,
        /// Decay of the running mean of squared gradients, at least 0 and below 1.
        pub beta2: f64 = 0.999,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-6,
        /// The factor of the weights that is added to Adam's step, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for LambConfig {
    type Optimizer = optim::Lamb;

    fn check(&self) -> Result<(), String> {
        range::below_one("beta1", self.beta1)?;
        range::below_one("beta2", self.beta2)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::Lamb {
        optim::LambConfig::new()
            .with_beta_1(self.beta1 as f32)
            .with_beta_2(self.beta2 as f32)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(weight_decay as f32)
            .build()
    }
}
