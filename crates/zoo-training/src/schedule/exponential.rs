//! The same factor at every step.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span};

settings! {
    /// Settings of the exponential schedule: PyTorch's `ExponentialLR` if `every` is one step. The
    /// decay is smooth; for stairs, use the step schedule.
    pub struct ExponentialConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0.
        pub warmup: Length = Length::Steps(0),
        /// The length after which the learning rate stays constant.
        pub length: Length = Length::Fraction(1.0),
        /// The interval over which the learning rate falls by the factor `gamma`.
        pub every: Length = Length::Fraction(0.1),
        /// The factor per interval, 0 to 1.
        pub gamma: f64 = 0.6,
        /// The lowest learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 0.0,
    }
}

impl Schedule for ExponentialConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        self.every.check("every")?;
        range::fraction("gamma", self.gamma)?;
        Ok(range::fraction("floor", self.floor)?)
    }

    fn check_fits(&self, extent: Extent) -> Result<(), String> {
        extent.check_every(self.every)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        let stretches = (step - extent.warmup) as f64 / extent.steps_of(self.every).max(1) as f64;
        self.gamma.powf(stretches).max(self.floor)
    }
}
