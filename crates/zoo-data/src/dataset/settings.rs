//! What the settings of every dataset can do, besides the field `preprocess`.

use super::{Info, SubsetConfig, kept::Kept};
use crate::DataError;

/// What the settings of every dataset can do.
pub(super) trait Settings {
    /// Refuses settings that are out of range or do not fit the dataset. Looks at no file.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    fn check(&self, info: &Info) -> Result<(), DataError>;

    /// What of the dataset is kept.
    fn kept(&self) -> Kept<'_>;

    /// How much of the train split is kept, to be changed.
    fn subset_mut(&mut self) -> &mut Option<SubsetConfig>;
}
