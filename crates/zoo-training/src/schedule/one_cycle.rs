//! Up along a cosine, then down along another.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span, along_cosine};

settings! {
    /// Settings of the one-cycle schedule, as PyTorch's `OneCycleLR` without its momentum cycle.
    pub struct OneCycleConfig {
        /// The length of the rise, whose last step has the highest learning rate.
        pub warmup: Length = Length::Fraction(0.3),
        /// The length of rise and fall together.
        pub length: Length = Length::Fraction(1.0),
        /// The initial learning rate as a fraction of the optimizer's, 0 to 1.
        pub start: f64 = 0.04,
        /// The final learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 4e-6,
    }
}

impl Schedule for OneCycleConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        range::fraction("start", self.start)?;
        Ok(range::fraction("floor", self.floor)?)
    }

    fn in_warmup(&self, step: usize, extent: Extent) -> f64 {
        let rise = (extent.warmup - 1).max(1) as f64;
        along_cosine(self.start, 1.0, step as f64 / rise)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        // The fall starts at the last step of the rise.
        let peak = extent.warmup.saturating_sub(1);
        let fall = extent.steps.saturating_sub(peak + 1).max(1) as f64;
        along_cosine(1.0, self.floor, (step - peak) as f64 / fall)
    }
}
