//! Stretches of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RunLength;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// A fraction, 0 to 1: of the run for the length of a schedule, of the schedule for everything
    /// within it.
    Fraction(f64),
    /// Passes over the training split.
    Epochs(f64),
    /// Optimizer steps.
    Steps(usize),
}

impl Length {
    /// In optimizer steps, where a fraction is one of `whole` steps.
    pub(super) fn steps(self, whole: usize, steps_per_epoch: usize) -> usize {
        match self {
            Self::Fraction(fraction) => (fraction * whole as f64).round() as usize,
            Self::Epochs(epochs) => (epochs * steps_per_epoch as f64).round() as usize,
            Self::Steps(steps) => steps,
        }
    }

    pub(super) fn check(self, name: &str) -> Result<(), String> {
        let (found, good) = match self {
            Self::Fraction(fraction) => (fraction, (0.0..=1.0).contains(&fraction)),
            Self::Epochs(epochs) => (epochs, epochs.is_finite() && epochs >= 0.0),
            Self::Steps(_) => return Ok(()),
        };
        match good {
            true => Ok(()),
            false => Err(format!(
                "`{name}`: expected a fraction from 0 to 1 or a number of epochs of at least 0, \
                 found {found}"
            )),
        }
    }
}

/// The two stretches that every schedule has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// How long the learning rate grows at first.
    pub warmup: Length,
    /// How long it changes altogether; after that it stays.
    pub length: Length,
}

/// A schedule's place in a run, in optimizer steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Steps of the warm-up.
    pub warmup: usize,
    /// All steps, those of the warm-up included.
    pub steps: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
}

impl Span {
    pub(super) fn check(self) -> Result<(), String> {
        self.warmup.check("warmup")?;
        self.length.check("length")
    }

    pub(super) fn extent(self, run: RunLength) -> Extent {
        let steps = self.length.steps(run.steps, run.steps_per_epoch);
        let warmup = self.warmup.steps(steps, run.steps_per_epoch);
        Extent { warmup, steps, steps_per_epoch: run.steps_per_epoch }
    }

    /// Refuses an explicit length that does not fit.
    pub(super) fn check_fits(self, run: RunLength) -> Result<(), String> {
        let Extent { warmup, steps, .. } = self.extent(run);
        if steps > run.steps {
            return Err(format!(
                "`length` is {steps} steps, but the run has {}; shorten it, or give it as a fraction",
                run.steps
            ));
        }
        if warmup > steps {
            return Err(format!(
                "`warmup` takes {warmup} steps, but the schedule has {steps}; shorten it, or give \
                 it as a fraction"
            ));
        }
        Ok(())
    }
}

impl Extent {
    /// Refuses an interval in which there is no step.
    pub(super) fn check_every(self, every: Length) -> Result<(), String> {
        match self.steps_of(every) {
            0 => Err(format!("`every` is shorter than one of the {} steps", self.steps)),
            _ => Ok(()),
        }
    }

    /// A stretch within the schedule, in steps.
    pub(super) fn steps_of(self, length: Length) -> usize {
        length.steps(self.steps, self.steps_per_epoch)
    }

    /// How far `step` is along what follows the warm-up: 0 at its first step, 1 at its last.
    pub(super) fn after_warmup(self, step: usize) -> f64 {
        let left = self.steps.saturating_sub(self.warmup + 1).max(1);
        ((step - self.warmup) as f64 / left as f64).min(1.0)
    }
}
