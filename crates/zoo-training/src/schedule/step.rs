//! Drops at equal intervals.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span};

settings! {
    /// Settings of the step schedule, as PyTorch's `StepLR`.
    pub struct StepConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0.
        pub warmup: Length = Length::Steps(0),
        /// The length after which the learning rate stays constant.
        pub length: Length = Length::Fraction(1.0),
        /// The interval between two drops, counted from the start of the run.
        pub every: Length = Length::Fraction(1.0 / 3.0),
        /// The factor of each drop, 0 to 1.
        pub gamma: f64 = 0.1,
        /// The lowest learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 0.0,
    }
}

impl Schedule for StepConfig {
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
        let drops = step / extent.steps_of(self.every).max(1);
        self.gamma.powi(drops as i32).max(self.floor)
    }
}
