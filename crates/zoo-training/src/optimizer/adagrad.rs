//! Divides by the root of all squared gradients so far.

use burn::optim::{self, decay::WeightDecayConfig};
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of AdaGrad, as `torch.optim.Adagrad`; the defaults are PyTorch's.
    pub struct AdaGradConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 0.01,
        /// Divides the learning rate by 1 + this × (steps done), at least 0.
        pub lr_decay: f64 = 0.0,
        /// Added to the denominator, above 0.
        pub epsilon: f64 = 1e-10,
        /// The factor of the weights that is added to their gradient, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for AdaGradConfig {
    type Optimizer = optim::AdaGrad;

    fn check(&self) -> Result<(), String> {
        range::from_zero("lr_decay", self.lr_decay)?;
        Ok(range::above_zero("epsilon", self.epsilon)?)
    }

    fn build(&self, weight_decay: f64) -> optim::AdaGrad {
        optim::AdaGradConfig::new()
            .with_lr_decay(self.lr_decay)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .build()
    }
}
