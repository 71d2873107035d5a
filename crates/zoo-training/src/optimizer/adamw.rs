//! Adam with decoupled weight decay.

use zoo_kernels::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of AdamW, as `torch.optim.AdamW`; the defaults are PyTorch's.
    pub struct AdamWConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-3,
        /// Decay of the running mean of gradients, at least 0 and below 1.
        pub beta1: f64 = 0.9,
        /// Decay of the running mean of squared gradients, at least 0 and below 1.
        pub beta2: f64 = 0.999,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-8,
        /// The share of the weights that a step with learning rate 1 removes, at least 0.
        pub weight_decay: f64 = 0.01,
    }
}

impl Settings for AdamWConfig {
    type Optimizer = optim::AdamW;

    fn check(&self) -> Result<(), String> {
        range::below_one("beta1", self.beta1)?;
        range::below_one("beta2", self.beta2)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::AdamW {
        optim::AdamWConfig::new()
            .with_beta_1(self.beta1)
            .with_beta_2(self.beta2)
            .with_epsilon(self.epsilon)
            .with_weight_decay(weight_decay)
            .build()
    }
}
