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

    /// The split that goes by this name elsewhere, whatever its letters' case: `train` or `training`;
    /// `valid`, `val`, `validation` or `dev`; `test` or `testing`.
    pub fn from_alias(name: &str) -> Option<Self> {
        match &name.to_lowercase()[..] {
            "train" | "training" => Some(Self::Train),
            "valid" | "val" | "validation" | "dev" => Some(Self::Valid),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }

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
