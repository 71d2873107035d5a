//! Where a run stands.

use serde::{Deserialize, Serialize};

use crate::early_stopping::{ROUNDING, Stagnation};

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
    /// The loss on the valid split at that accuracy, which decides between equal accuracies.
    #[serde(default)]
    pub best_loss: Option<f64>,
    /// Optimizer steps at that accuracy.
    pub best_step: Option<usize>,
    /// For early stopping.
    pub stagnation: Stagnation,
    /// Length of `metrics.jsonl` in bytes.
    pub metrics_bytes: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// By what the learning rate is multiplied; none where nobody has steered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate_factor: Option<f64>,
}

/// What tells two checkpoints of a run that nobody steers apart: steps done and epochs validated.
pub type Place = (usize, usize);

impl RunProgress {
    /// What a checkpoint of this place holds that others do not.
    pub fn place(&self) -> Place {
        (self.step, self.epochs)
    }

    /// Takes in what has just been measured on the valid split. True where it is the best so far: of
    /// equal accuracies, the one of the lower loss. What is not a number is never the best.
    pub fn note(&mut self, accuracy: f64, loss: f64) -> bool {
        let is_best = match (self.best_accuracy, self.best_loss) {
            (Some(best), _) if accuracy > best + ROUNDING => true,
            (Some(best), Some(best_loss)) => {
                accuracy >= best - ROUNDING && loss < best_loss - ROUNDING
            }
            (Some(_), None) => false,
            (None, _) => !accuracy.is_nan(),
        };
        if is_best {
            self.best_accuracy = Some(accuracy);
            self.best_loss = Some(loss);
            self.best_step = Some(self.step);
        }
        is_best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_has_the_highest_accuracy_then_the_lowest_loss() {
        let mut progress = RunProgress::default();
        let measured = [
            (f64::NAN, f64::NAN, false),
            (0.5, 1.0, true),
            (0.5, 1.0, false),
            (0.5, 0.9, true),
            (0.4, 0.1, false),
            (f64::NAN, 0.1, false),
            (0.6, 2.0, true),
            (0.6, f64::NAN, false),
        ];
        for (step, (accuracy, loss, is_best)) in measured.into_iter().enumerate() {
            progress.step = step;
            assert_eq!(progress.note(accuracy, loss), is_best, "{step}");
        }
        assert_eq!((progress.best_accuracy, progress.best_step), (Some(0.6), Some(6)));
    }
}
