//! How the learning rate changes during a run: a pure function of the step.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The choice of a schedule. Each scales the optimizer's learning rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleConfig {
    /// The learning rate stays, after a warm-up.
    Constant(ConstantConfig),
    /// Multiplied by `gamma` after every `every`.
    Step(StepConfig),
    /// Half a cosine down to the floor. <https://arxiv.org/abs/1608.03983>
    Cosine(CosineConfig),
    /// Up along a cosine, then down along another, as PyTorch's `OneCycleLR`.
    /// <https://arxiv.org/abs/1708.07120>
    OneCycle(OneCycleConfig),
}

/// A stretch of the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// A fraction of the run, 0 to 1.
    Fraction(f64),
    /// Passes over the training split.
    Epochs(f64),
    /// Optimizer steps.
    Steps(usize),
}

/// Settings of the constant schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConstantConfig {
    /// The learning rate grows linearly from near 0 over this stretch.
    pub warmup: Length,
}

/// Settings of the step schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepConfig {
    /// The learning rate grows linearly from near 0 over this stretch.
    pub warmup: Length,
    /// The stretch between two drops, counted from the start of the run.
    pub every: Length,
    /// The factor of a drop, above 0 and at most 1.
    pub gamma: f64,
}

/// Settings of the cosine schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CosineConfig {
    /// The learning rate grows linearly from near 0 over this stretch; the cosine follows.
    pub warmup: Length,
    /// The end as a fraction of the learning rate, 0 to 1.
    pub floor: f64,
}

/// Settings of the one-cycle schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycleConfig {
    /// The stretch of the rise.
    pub warmup: Length,
    /// The start as a fraction of the learning rate, above 0 and at most 1.
    pub start: f64,
    /// The end as a fraction of the learning rate, 0 to 1.
    pub floor: f64,
}

impl Default for ConstantConfig {
    fn default() -> Self {
        Self { warmup: Length::Steps(0) }
    }
}

impl Default for StepConfig {
    fn default() -> Self {
        Self { warmup: Length::Steps(0), every: Length::Fraction(1.0 / 3.0), gamma: 0.1 }
    }
}

impl Default for CosineConfig {
    fn default() -> Self {
        Self { warmup: Length::Fraction(0.05), floor: 0.0 }
    }
}

impl Default for OneCycleConfig {
    fn default() -> Self {
        Self { warmup: Length::Fraction(0.3), start: 0.04, floor: 4e-6 }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Cosine(CosineConfig::default())
    }
}

impl Length {
    fn steps(self, run: RunLength) -> usize {
        match self {
            Self::Fraction(fraction) => (fraction * run.steps as f64).round() as usize,
            Self::Epochs(epochs) => (epochs * run.steps_per_epoch as f64).round() as usize,
            Self::Steps(steps) => steps,
        }
    }

    fn check(self, name: &str) -> Result<(), String> {
        let (found, good) = match self {
            Self::Fraction(fraction) => (fraction, (0.0..=1.0).contains(&fraction)),
            Self::Epochs(epochs) => (epochs, epochs.is_finite() && epochs >= 0.0),
            Self::Steps(_) => return Ok(()),
        };
        match good {
            true => Ok(()),
            false => Err(format!(
                "`{name}`: expected a fraction of 0 to 1 or epochs from 0, found {found}"
            )),
        }
    }
}

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// All optimizer steps.
    pub steps: usize,
    /// Optimizer steps of one pass over the training split.
    pub steps_per_epoch: usize,
}

impl RunLength {
    /// Epochs begun; the last one may be cut short.
    pub fn epochs(self) -> usize {
        self.steps.div_ceil(self.steps_per_epoch)
    }

    /// Training images of the first `steps` steps, of an epoch of `train_images` images.
    pub fn images(self, steps: usize, train_images: usize) -> usize {
        let (epochs, rest) = (steps / self.steps_per_epoch, steps % self.steps_per_epoch);
        epochs * train_images + train_images * rest / self.steps_per_epoch
    }
}

impl ScheduleConfig {
    fn warmup(&self) -> Length {
        match self {
            Self::Constant(config) => config.warmup,
            Self::Step(config) => config.warmup,
            Self::Cosine(config) => config.warmup,
            Self::OneCycle(config) => config.warmup,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let fraction = |name: &str, value: f64| match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(format!("`{name}`: expected 0 to 1, found {value}")),
        };
        self.warmup().check("warmup")?;
        match self {
            Self::Constant(_) => Ok(()),
            Self::Step(config) => {
                config.every.check("every")?;
                fraction("gamma", config.gamma)
            }
            Self::Cosine(config) => fraction("floor", config.floor),
            Self::OneCycle(config) => {
                fraction("start", config.start)?;
                fraction("floor", config.floor)
            }
        }
    }

    /// Refuses an explicit length that the run is too short for.
    pub fn check_fits(&self, run: RunLength) -> Result<(), String> {
        let warmup = self.warmup().steps(run);
        if warmup > run.steps {
            return Err(format!(
                "`warmup` takes {warmup} steps, but the run has {}; shorten it, or give it as a fraction",
                run.steps
            ));
        }
        match self {
            Self::Step(config) if config.every.steps(run) == 0 => {
                Err(format!("`every` is shorter than one of the run's {} steps", run.steps))
            }
            _ => Ok(()),
        }
    }

    /// The factor of the learning rate at `step`, counted from 0.
    pub fn factor(&self, step: usize, run: RunLength) -> f64 {
        let warmup = self.warmup().steps(run);
        if step < warmup {
            return match self {
                Self::OneCycle(config) => cosine(config.start, 1.0, step, warmup),
                _ => (step + 1) as f64 / warmup as f64,
            };
        }
        // The last step of the run reaches the floor.
        let (done, left) = (step - warmup, (run.steps - warmup).saturating_sub(1).max(1));
        match self {
            Self::Constant(_) => 1.0,
            Self::Step(config) => config.gamma.powi((step / config.every.steps(run).max(1)) as i32),
            Self::Cosine(config) => cosine(1.0, config.floor, done, left),
            Self::OneCycle(config) => cosine(1.0, config.floor, done, left),
        }
    }
}

/// From `start` to `end` along half a cosine, `done` of `all` steps along.
fn cosine(start: f64, end: f64, done: usize, all: usize) -> f64 {
    let along = (done as f64 / all as f64).min(1.0);
    end + (start - end) * 0.5 * (1.0 + (PI * along).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunLength = RunLength { steps: 10, steps_per_epoch: 5 };

    fn factors(config: ScheduleConfig) -> Vec<f64> {
        let rounded = |factor: f64| (factor * 1e4).round() / 1e4;
        (0..RUN.steps).map(|step| rounded(config.factor(step, RUN))).collect()
    }

    #[test]
    fn constant_warms_up_and_stays() {
        let config = ConstantConfig { warmup: Length::Steps(4) };
        assert_eq!(
            factors(ScheduleConfig::Constant(config)),
            [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        );
    }

    #[test]
    fn step_drops() {
        let config = StepConfig { every: Length::Epochs(1.0), gamma: 0.5, ..Default::default() };
        assert_eq!(
            factors(ScheduleConfig::Step(config)),
            [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5]
        );
    }

    #[test]
    fn cosine_ends_at_its_floor() {
        let config = CosineConfig { warmup: Length::Fraction(0.5), floor: 0.1 };
        assert_eq!(
            factors(ScheduleConfig::Cosine(config)),
            [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.8682, 0.55, 0.2318, 0.1]
        );
    }

    #[test]
    fn one_cycle_rises_and_falls() {
        let config = OneCycleConfig { warmup: Length::Fraction(0.4), start: 0.1, floor: 0.0 };
        assert_eq!(
            factors(ScheduleConfig::OneCycle(config)),
            [0.1, 0.2318, 0.55, 0.8682, 1.0, 0.9045, 0.6545, 0.3455, 0.0955, 0.0]
        );
    }

    #[test]
    fn only_an_explicit_length_that_does_not_fit_is_refused() {
        let warmup = |warmup| ScheduleConfig::Constant(ConstantConfig { warmup });
        assert_eq!(warmup(Length::Fraction(1.0)).check_fits(RUN), Ok(()));
        assert_eq!(
            warmup(Length::Epochs(3.0)).check_fits(RUN).unwrap_err(),
            "`warmup` takes 15 steps, but the run has 10; shorten it, or give it as a fraction"
        );
        assert_eq!(
            warmup(Length::Fraction(1.5)).check().unwrap_err(),
            "`warmup`: expected a fraction of 0 to 1 or epochs from 0, found 1.5"
        );
    }
}
