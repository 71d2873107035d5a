//! What is kept of a dataset.

use super::{Dataset, SplitName, SubsetConfig};
use crate::{DataError, SplitError};

/// What is kept of a dataset.
pub(super) struct Kept<'a> {
    /// The path of the settings that say it; empty for those of the dataset itself.
    pub setting: &'static str,
    /// The classes by name; by default all.
    pub classes: Option<&'a [String]>,
    /// The part of the train split; by default all.
    pub subset: Option<&'a SubsetConfig>,
    /// Seed of the choice.
    pub seed: u64,
}

impl Dataset {
    /// The requested part of the dataset.
    ///
    /// # Errors
    /// [`SplitError::NoImages`], [`SplitError::NoneKept`], and those of classes and subset.
    pub(super) fn keep(mut self, kept: &Kept<'_>) -> Result<Self, DataError> {
        if let Some(split) = self.empty_split() {
            return Err(SplitError::NoImages { split, dataset: self.name }.into());
        }
        if let Some(classes) = kept.classes {
            let path = match kept.setting {
                "" => String::from("classes"),
                setting => format!("{setting}.classes"),
            };
            self = self.only(&path, classes)?;
            if let Some(split) = self.empty_split() {
                let classes = self.classes;
                return Err(SplitError::NoneKept { split, setting: path, classes }.into());
            }
        }
        if let Some(subset) = kept.subset {
            self.train = subset.of(&self.train, &self.classes, kept.seed)?;
        }
        Ok(self)
    }

    /// A split that there is, and that has no images.
    fn empty_split(&self) -> Option<&'static str> {
        let is_empty = |name: &SplitName| self.split(*name).is_some_and(|split| split.is_empty());
        SplitName::ALL.into_iter().find(is_empty).map(SplitName::name)
    }
}

#[cfg(test)]
mod tests {
    use crate::{DataConfig, Image};

    #[test]
    fn classes_that_leave_a_split_without_images_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["train/a/1", "train/b/2", "train/c/3", "valid/a/4", "valid/b/5", "test/c/6"] {
            let path = folder.path().join(file).with_extension("png");
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            Image::filled(1, 1, &[9; 3]).save_png(path).unwrap();
        }
        let open = |classes: &[&str]| {
            let json = serde_json::json!({
                "folder": {"root": folder.path(), "split": {"classes": classes}}
            });
            let dataset = serde_json::from_value::<DataConfig>(json).unwrap().open();
            dataset.map(|dataset| dataset.classes).map_err(|error| error.to_string())
        };
        assert_eq!(open(&["c", "a"]), Ok(vec!["c".to_string(), "a".to_string()]));
        assert_eq!(
            open(&["a", "b"]).unwrap_err(),
            "the test split would be empty: it has no image of the classes that split.classes keeps \
             (a, b); keep others, or leave split.classes out"
        );
    }
}
