//! When checkpoints are written and which are kept.

use zoo_settings::{range, settings};

settings! {
    /// When to write checkpoints: after every epoch, and optionally within epochs. This does not
    /// change the results of a run.
    pub struct CheckpointConfig {
        /// Also every this many optimizer steps, at least 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub every_steps: Option<usize>,
        /// Also when the last one is this many minutes old, above 0.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub every_minutes: Option<f64>,
        /// How many of the latest checkpoints to keep, at least 1; with 2, one is left to resume
        /// from if the last one is corrupt.
        pub keep_last: usize = 2,
        /// Also keeps the checkpoint with the best accuracy on the valid split.
        pub keep_best: bool = true,
    }
}

impl CheckpointConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        self.every_steps.map_or(Ok(()), |steps| range::at_least_one("every_steps", steps))?;
        let minutes = self.every_minutes;
        minutes.map_or(Ok(()), |minutes| range::above_zero("every_minutes", minutes))?;
        Ok(range::at_least_one("keep_last", self.keep_last)?)
    }

    /// True where a checkpoint is due after `step` steps, `seconds` after the last one.
    pub fn is_due(&self, step: usize, seconds: f64) -> bool {
        self.every_steps.is_some_and(|every| step.is_multiple_of(every))
            || self.every_minutes.is_some_and(|minutes| seconds >= 60.0 * minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_minutes_make_a_checkpoint_due() {
        let config = CheckpointConfig {
            every_steps: Some(10),
            every_minutes: Some(2.0),
            ..CheckpointConfig::default()
        };
        assert_eq!(
            [(20, 0.0), (21, 119.0), (21, 120.0)]
                .map(|(step, seconds)| config.is_due(step, seconds)),
            [true, false, true]
        );
        assert!(!CheckpointConfig::default().is_due(20, 1e9));
    }
}
