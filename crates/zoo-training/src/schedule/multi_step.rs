//! Drops at given points.

use zoo_settings::{range, settings};

use super::{Extent, Length, Schedule, Span};

settings! {
    /// Settings of the multi-step schedule, as PyTorch's `MultiStepLR`.
    pub struct MultiStepConfig {
        /// The warm-up, over which the learning rate rises linearly from near 0.
        pub warmup: Length = Length::Steps(0),
        /// The length after which the learning rate stays constant.
        pub length: Length = Length::Fraction(1.0),
        /// Where the learning rate drops, counted from the start of the run; at least one.
        pub milestones: Vec<Length> = vec![Length::Fraction(0.5), Length::Fraction(0.75)],
        /// The factor of each drop, 0 to 1.
        pub gamma: f64 = 0.1,
        /// The lowest learning rate as a fraction of the optimizer's, 0 to 1.
        pub floor: f64 = 0.0,
    }
}

impl Schedule for MultiStepConfig {
    fn span(&self) -> Span {
        Span { warmup: self.warmup, length: self.length }
    }

    fn check(&self) -> Result<(), String> {
        if self.milestones.is_empty() {
            return Err(String::from("`milestones`: expected at least one"));
        }
        self.milestones.iter().try_for_each(|milestone| milestone.check("milestones"))?;
        range::fraction("gamma", self.gamma)?;
        Ok(range::fraction("floor", self.floor)?)
    }

    fn check_fits(&self, extent: Extent) -> Result<(), String> {
        let steps = self.milestones.iter().map(|&milestone| extent.steps_of(milestone));
        match steps.max() {
            Some(last) if last > extent.steps => Err(format!(
                "`milestones` extend to step {last}, but the schedule has {}",
                extent.steps
            )),
            _ => Ok(()),
        }
    }

    fn after_warmup(&self, step: usize, extent: Extent) -> f64 {
        let is_passed = |milestone: &&Length| step >= extent.steps_of(**milestone);
        let drops = self.milestones.iter().filter(is_passed).count();
        self.gamma.powi(drops as i32).max(self.floor)
    }
}
