//! Half a cosine down.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span, along_cosine};

settings! {
    /// Settings of the cosine schedule, as PyTorch's `CosineAnnealingLR`.
    pub struct CosineConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0; the cosine
        /// follows.
        pub warmup: Length = Length::Fraction(0.05),
        /// The length at whose end the floor is reached.
        pub length: Length = Length::Fraction(1.0),
        /// The final learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 0.0,
    }
}

impl Schedule for CosineConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        Ok(range::fraction("floor", self.floor)?)
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        along_cosine(1.0, self.floor, extent.after_warmup(step))
    }
}
