//! What a training can be told.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// What a training can be told while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Wait before the next step.
    Pause,
    /// End the pause.
    GoOn,
    /// Multiply the learning rate of all steps from here on.
    LearningRate {
        /// By this, more than 0; on top of earlier ones.
        factor: f64,
    },
    /// Write a checkpoint and end.
    End,
}

/// A command, and when it was heeded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steered {
    /// Optimizer steps done before it.
    pub step: usize,
    /// What was told.
    #[serde(flatten)]
    pub command: Command,
}

impl Command {
    /// Refuses a factor that leaves no learning rate.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::LearningRate { factor } if !(factor > 0.0 && factor.is_finite()) => {
                Err(format!("`factor`: expected a finite number above 0, found {factor}"))
            }
            _ => Ok(()),
        }
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause => f.write_str("paused"),
            Self::GoOn => f.write_str("went on"),
            Self::LearningRate { factor } => write!(f, "learning rate × {factor}"),
            Self::End => f.write_str("ended"),
        }
    }
}

impl Display for Steered {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} after step {}", self.command, self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_written_as_an_object() {
        let steered = Steered { step: 7, command: Command::LearningRate { factor: 0.5 } };
        let text = serde_json::to_string(&steered).unwrap();
        assert_eq!(text, r#"{"step":7,"command":"learning-rate","factor":0.5}"#);
        assert_eq!(serde_json::from_str::<Steered>(&text).unwrap(), steered);
        assert_eq!(steered.to_string(), "learning rate × 0.5 after step 7");
    }
}
