//! How the learning rate changes during a run: a pure function of the step.
//!
//! To add a schedule, write its file beside this one (a config struct that implements [`Schedule`])
//! and add a line to `schedules!` below.

mod constant;
mod cosine;
mod exponential;
mod length;
mod multi_step;
mod one_cycle;
mod polynomial;
mod step;

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    constant::ConstantConfig,
    cosine::CosineConfig,
    exponential::ExponentialConfig,
    length::{Extent, Length, Span},
    multi_step::MultiStepConfig,
    one_cycle::OneCycleConfig,
    polynomial::PolynomialConfig,
    step::StepConfig,
};
use super::{Budget, Course, RunLength};

/// A kind of schedule: factors of the optimizer's learning rate.
pub trait Schedule {
    /// The stretches of warm-up and schedule.
    fn span(&self) -> Span;

    /// Refuses settings out of range; those of [`span`](Self::span) are looked at elsewhere.
    ///
    /// # Errors
    ///
    /// What is wrong, and what was expected.
    fn check(&self) -> Result<(), String>;

    /// Refuses settings that this extent is too short for.
    ///
    /// # Errors
    ///
    /// What does not fit.
    fn check_fits(&self, _: Extent) -> Result<(), String> {
        Ok(())
    }

    /// The factor at a step of the warm-up, counted from 0: a line that ends at 1.
    fn in_warmup(&self, step: usize, extent: Extent) -> f64 {
        (step + 1) as f64 / extent.warmup as f64
    }

    /// The factor at a step after the warm-up and before the end, counted from the start of the
    /// run.
    fn after_warmup(&self, step: usize, extent: Extent) -> f64;
}

/// Builds the registry: the config enum, and the only place where a name becomes a schedule.
macro_rules! schedules {
    ($($name:literal = $kind:ident($config:ident): $about:literal),* $(,)?) => {
        /// The choice of a schedule. Each scales the optimizer's learning rate.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ScheduleConfig {
            $(
                #[doc = $about]
                #[serde(rename = $name)]
                $kind($config),
            )*
        }

        impl ScheduleConfig {
            fn schedule(&self) -> &dyn Schedule {
                match self {
                    $(Self::$kind(config) => config,)*
                }
            }
        }
    };
}

schedules! {
    "constant" = Constant(ConstantConfig): "Keeps the learning rate constant.",
    "step" = Step(StepConfig): "Multiplies the learning rate by `gamma` after every `every`.",
    "multi-step" = MultiStep(MultiStepConfig): "Multiplies the learning rate by `gamma` at each of \
                                                `milestones`.",
    "exponential" = Exponential(ExponentialConfig): "Multiplies the learning rate by the same factor at every step.",
    "cosine" = Cosine(CosineConfig): "Follows half a cosine down to the floor. \
                                      <https://arxiv.org/abs/1608.03983>",
    "one-cycle" = OneCycle(OneCycleConfig): "Rises along a cosine, then falls along another. \
                                             <https://arxiv.org/abs/1708.07120>",
    "polynomial" = Polynomial(PolynomialConfig): "Follows a power of the remaining fraction, down \
                                                  to the floor.",
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Cosine(CosineConfig::default())
    }
}

impl ScheduleConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        self.schedule().span().check()?;
        self.schedule().check()
    }

    /// Refuses an explicit length that the run is too short for. How many steps a run with
    /// `seconds` will have cannot be known in advance.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn check_fits(&self, course: Course) -> Result<(), String> {
        if let Budget::Seconds(_) = course.budget {
            return Ok(());
        }
        let (span, run) = (self.schedule().span(), course.length(0, 0.0));
        span.check_fits(run)?;
        self.schedule().check_fits(span.extent(run))
    }

    /// The factor of the learning rate at `step`, counted from 0.
    pub fn factor(&self, step: usize, run: RunLength) -> f64 {
        let extent = self.schedule().span().extent(run);
        match step {
            step if step < extent.warmup => self.schedule().in_warmup(step, extent),
            step => {
                let last = extent.steps.saturating_sub(1).max(extent.warmup);
                self.schedule().after_warmup(step.min(last), extent)
            }
        }
    }
}

/// From `start` to `end` along half a cosine, `along` of 0 to 1.
fn along_cosine(start: f64, end: f64, along: f64) -> f64 {
    end + (start - end) * 0.5 * (1.0 + (PI * along).cos())
}

#[cfg(test)]
mod tests;
