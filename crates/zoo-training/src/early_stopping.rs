//! Ends a run that has stopped getting better.

use serde::{Deserialize, Serialize};
use zoo_settings::{range, settings};

/// Accuracies nearer than this are the same: a number that has been through JSON may have lost its
/// last digit, and a resumed run must judge as one that never stopped.
pub const ROUNDING: f64 = 1e-12;

settings! {
    /// Ends the run after a number of epochs without a better accuracy on the valid split.
    pub struct EarlyStoppingConfig {
        /// Validated epochs without a better accuracy, at least 1.
        pub patience: usize = 10,
        /// Smallest improvement that counts, a fraction of at least 0 and below 1.
        pub min_delta: f64 = 0.0,
    }
}

/// The accuracy to beat, and how long it has not been beaten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stagnation {
    /// The accuracy that counts as best, a fraction.
    pub best: Option<f64>,
    /// Validated epochs since.
    pub epochs: usize,
}

impl EarlyStoppingConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        range::at_least_one("patience", self.patience)?;
        Ok(range::below_one("min_delta", self.min_delta)?)
    }

    /// Takes in an epoch's accuracy.
    pub fn update(&self, stagnation: Stagnation, accuracy: f64) -> Stagnation {
        match stagnation.best {
            Some(best) if accuracy <= best + self.min_delta + ROUNDING => {
                Stagnation { epochs: stagnation.epochs + 1, ..stagnation }
            }
            _ => Stagnation { best: Some(accuracy), epochs: 0 },
        }
    }

    /// True where patience has run out.
    pub fn is_exhausted(&self, stagnation: Stagnation) -> bool {
        stagnation.epochs >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_runs_out_after_so_many_epochs_without_a_better_one() {
        let config = EarlyStoppingConfig { patience: 2, min_delta: 0.01 };
        let mut stagnation = Stagnation::default();
        let mut over = Vec::new();
        for accuracy in [0.5, 0.505, 0.52, 0.52, 0.525] {
            stagnation = config.update(stagnation, accuracy);
            over.push(config.is_exhausted(stagnation));
        }
        assert_eq!(over, [false, false, false, false, true]);
        assert_eq!(stagnation, Stagnation { best: Some(0.52), epochs: 2 });
    }
}
