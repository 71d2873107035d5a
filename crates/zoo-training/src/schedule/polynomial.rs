//! A power of what is left of the run.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span};

settings! {
    /// Settings of the polynomial schedule, as PyTorch's `PolynomialLR` and timm's
    /// `PolyLRScheduler`.
    pub struct PolynomialConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0; the decay follows.
        pub warmup: Length = Length::Fraction(0.05),
        /// The length at whose end the floor is reached.
        pub length: Length = Length::Fraction(1.0),
        /// The power, above 0; with 1, the decay is linear.
        pub power: f64 = 1.0,
        /// The final learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 0.0,
    }
}

impl Schedule for PolynomialConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        range::above_zero("power", self.power)?;
        Ok(range::fraction("floor", self.floor)?)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        let left = 1.0 - extent.after_warmup(step);
        self.floor + (1.0 - self.floor) * left.powf(self.power)
    }
}
