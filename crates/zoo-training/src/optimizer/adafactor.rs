//! Adam's second moment by rows and columns alone, for less memory.

use burn::optim;
use zoo_settings::{range, settings};

use super::Settings;

settings! {
    /// Settings of Adafactor; the defaults are the paper's, as in Burn.
    pub struct AdafactorConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 0.01,
        /// Caps the learning rate by 1 / √steps.
        pub relative_step: bool = true,
        /// Multiplies the step by the root mean square of the parameter.
        pub scale_parameter: bool = true,
        /// The largest root mean square of a step before the learning rate, above 0.
        pub clip_threshold: f64 = 1.0,
        /// The share of the weights that a step with learning rate 1 removes, at least 0.
        pub weight_decay: f64 = 0.0,
    }
}

impl Settings for AdafactorConfig {
    type Optimizer = optim::Adafactor;

    fn check(&self) -> Result<(), String> {
        Ok(range::above_zero("clip_threshold", self.clip_threshold)?)
    }

    fn build(&self, weight_decay: f64) -> optim::Adafactor {
        optim::AdafactorConfig::new()
            .with_relative_step(self.relative_step)
            .with_scale_parameter(self.scale_parameter)
            .with_clip_threshold(self.clip_threshold as f32)
            .with_weight_decay(weight_decay as f32)
            .build()
    }
}
