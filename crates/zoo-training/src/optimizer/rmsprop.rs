//! Divides by a running root mean square of the gradients.

use burn::optim::{self, decay::WeightDecayConfig};
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of RMSProp, as `torch.optim.RMSprop`; the defaults are PyTorch's.
    pub struct RmsPropConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 0.01,
        /// Decay of the running mean of squared gradients, at least 0 and below 1.
        pub alpha: f64 = 0.99,
        /// The share of the last step that carries over, at least 0 and below 1.
        pub momentum: f64 = 0.0,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-8,
        /// Divides by the deviation instead of the root mean square.
        pub centered: bool = false,
        /// The factor of the weights that is added to their gradient, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for RmsPropConfig {
    type Optimizer = optim::RmsProp;

    fn check(&self) -> Result<(), String> {
        range::below_one("alpha", self.alpha)?;
        range::below_one("momentum", self.momentum)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::RmsProp {
        optim::RmsPropConfig::new()
            .with_alpha(self.alpha as f32)
            .with_momentum(self.momentum as f32)
            .with_epsilon(self.epsilon as f32)
            .with_centered(self.centered)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .build()
    }
}
