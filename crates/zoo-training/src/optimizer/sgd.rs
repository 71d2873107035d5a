//! Stochastic gradient descent.

use zoo_kernels::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of stochastic gradient descent, as `torch.optim.SGD`.
    pub struct SgdConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 0.01,
        /// The share of the last step that carries over, at least 0 and below 1.
        pub momentum: f64 = 0.9,
        /// Uses Nesterov momentum, which looks ahead along the momentum.
        pub nesterov: bool = false,
        /// The factor of the weights that is added to their gradient, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for SgdConfig {
    type Optimizer = optim::Sgd;

    fn check(&self) -> Result<(), String> {
        range::below_one("momentum", self.momentum)?;
        match self.nesterov && self.momentum == 0.0 {
            true => Err(String::from("`nesterov` needs a `momentum` above 0")),
            false => Ok(()),
        }
    }

    fn build(&self, weight_decay: f64) -> optim::Sgd {
        optim::SgdConfig::new()
            .with_momentum(self.momentum)
            .with_nesterov(self.nesterov)
            .with_weight_decay(weight_decay)
            .build()
    }
}
