//! Where a run stands.

use serde::{Deserialize, Serialize};

use crate::training::early_stopping::Stagnation;

/// Accuracies nearer than this are the same: a number that has been through JSON may have lost its
/// last digit, and a run that is gone on with must judge as one that never stopped.
pub const ROUNDING: f64 = 1e-12;

/// Where a run stands. With the seed it decides all that is random from here on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunProgress {
    /// Optimizer steps done.
    pub step: usize,
    /// Epochs trained and validated; the last one may have been cut short.
    pub epochs: usize,
    /// Optimizer steps at the last validation.
    pub validated_step: usize,
    /// Highest accuracy on the valid split so far, a fraction.
    pub best_accuracy: Option<f64>,
    /// Optimizer steps at that accuracy.
    pub best_step: Option<usize>,
    /// For early stopping.
    pub stagnation: Stagnation,
    /// Length of `metrics.jsonl` in bytes.
    pub metrics_bytes: u64,
    /// Seconds of training.
    pub seconds: f64,
}

impl RunProgress {
    /// Steps done and epochs validated.
    pub fn place(&self) -> (usize, usize) {
        (self.step, self.epochs)
    }

    /// Takes in the accuracy of the epoch that has just been validated. True where it is the best.
    pub fn note_accuracy(&mut self, accuracy: f64) -> bool {
        let is_best = self.best_accuracy.is_none_or(|best| accuracy > best + ROUNDING);
        if is_best {
            self.best_accuracy = Some(accuracy);
            self.best_step = Some(self.step);
        }
        is_best
    }
}
