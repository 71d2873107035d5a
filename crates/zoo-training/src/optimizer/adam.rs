//! Adam.

use burn::optim::{self, decay::WeightDecayConfig};
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of Adam, as `torch.optim.Adam`; the defaults are PyTorch's.
    pub struct AdamConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-3,
        /// Decay of the running mean of gradients, at least 0 and below 1.
        pub beta1: f64 = 0.9,
        /// Decay of the running mean of squared gradients, at least 0 and below 1.
        pub beta2: f64 = 0.999,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-8,
        /// Divides by the largest second moment so far. <https://openreview.net/forum?id=ryQu7f-RZ>
        pub amsgrad: bool = false,
        /// The factor of the weights that is added to their gradient, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for AdamConfig {
    type Optimizer = optim::Adam;

    fn check(&self) -> Result<(), String> {
        range::below_one("beta1", self.beta1)?;
        range::below_one("beta2", self.beta2)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::Adam {
        optim::AdamConfig::new()
            .with_beta_1(self.beta1 as f32)
            .with_beta_2(self.beta2 as f32)
            .with_epsilon(self.epsilon as f32)
            .with_amsgrad(self.amsgrad)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .build()
    }
}
