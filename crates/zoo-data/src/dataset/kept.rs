//! What is kept of a dataset.

use super::{Dataset, SubsetConfig};
use crate::DataError;

/// What is kept of a dataset.
pub(super) struct Kept<'a> {
    /// The path of the settings that say it; empty for those of the dataset itself.
    pub setting: &'static str,
    /// The classes by their names; all unless given.
    pub classes: Option<&'a [String]>,
    /// The part of the train split; all unless given.
    pub subset: Option<&'a SubsetConfig>,
    /// Seed of the choice.
    pub seed: u64,
}

impl Dataset {
    /// The part of the dataset that is asked for.
    pub(super) fn keep(mut self, kept: &Kept<'_>) -> Result<Self, DataError> {
        if let Some(classes) = kept.classes {
            let path = match kept.setting {
                "" => String::from("classes"),
                setting => format!("{setting}.classes"),
            };
            self = self.only(&path, classes)?;
        }
        if let Some(subset) = kept.subset {
            self.train = subset.of(&self.train, &self.classes, kept.seed)?;
        }
        Ok(self)
    }
}
