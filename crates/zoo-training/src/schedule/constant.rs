//! The learning rate stays.

use zoo_settings::settings;

use super::{Extent, Length, Schedule, Span};

settings! {
    /// Settings of the constant schedule.
    pub struct ConstantConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0.
        pub warmup: Length = Length::Steps(0),
    }
}

impl Schedule for ConstantConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: Length::Fraction(1.0) }
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn after_warmup(&self, _: usize, _: Extent) -> f64 {
        1.0
    }
}
