//! The names of the splits.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of a dataset's splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SplitName {
    /// What a network learns from.
    Train,
    /// What decides during development.
    Valid,
    /// What is looked at once, in the end.
    Test,
}

impl SplitName {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// `train`, `valid` or `test`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
