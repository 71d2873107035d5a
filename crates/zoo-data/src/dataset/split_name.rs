//! The names of the splits.

use zoo_settings::names;

names! {
    /// One of a dataset's splits.
    pub enum SplitName {
        /// What a network learns from.
        Train = "train",
        /// What decides during development.
        Valid = "valid",
        /// What is looked at once, in the end.
        Test = "test",
    }
}

impl SplitName {
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
}
