//! Settings that datasets on disk share.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::settings;

use super::{Info, OnUnreadable, SubsetConfig, group::Pattern, kept::Kept, settings::Settings};
use crate::{
    DataError, meant,
    preprocess::{CropOffset, Preprocess, PreprocessConfig},
};

/// A terabyte, which is to say: no limit.
const MAX_CACHE_MB: usize = 1 << 20;

impl PreprocessConfig {
    /// This config with what it leaves open taken from the dataset.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub(crate) fn resolve(&self, info: &Info) -> Result<Preprocess, DataError> {
        let figures = self.normalize.as_ref().unwrap_or(&info.normalize).mean_std(info.channels)?;
        let preprocess = Preprocess {
            image_size: self.image_size.unwrap_or(info.image_size),
            resize: self.resize,
            crop_ratio: self.crop_ratio,
            crop_offset: CropOffset::Even,
            interpolation: self.interpolation,
            mean: figures.mean,
            std: figures.std,
        };
        preprocess.check()?;
        Ok(preprocess)
    }
}

/// A dataset whose files are on disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// The folder that contains the files, relative to the current directory. For CIFAR, the
    /// `.tar.gz` itself also works. By default the folder to which `zoo datasets fetch` downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// How to split the images, as far as the files do not say.
    pub split: SplitConfig,
    /// How images are prepared for the network.
    pub preprocess: PreprocessConfig,
}

/// A folder of photos, with one subfolder per class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder that contains the class folders, relative to the current directory.
    pub root: PathBuf,
    /// How to split the images, as far as the folders do not say.
    #[serde(default)]
    pub split: SplitConfig,
    /// How images are prepared for the network.
    #[serde(default)]
    pub preprocess: PreprocessConfig,
    /// What to do about unreadable images.
    #[serde(default)]
    pub on_unreadable: OnUnreadable,
    /// Megabytes of memory for decoded photos, so that they need not be decoded in every epoch, 0
    /// to 1,048,576. Does not affect the batches.
    #[serde(default = "default_cache_mb")]
    pub cache_mb: usize,
}

/// The room for decoded photos.
pub(super) fn default_cache_mb() -> usize {
    512
}

settings! {
    /// How images are divided into train, valid and test splits: at random, each class in the same
    /// proportions, with a separate seed, so that the splits stay the same when the training seed
    /// changes.
    pub struct SplitConfig {
        /// Fraction of the images for the valid split: above 0, below 1. Not used for folders that
        /// have their own valid split.
        pub valid: f64 = 0.1,
        /// Fraction for the test split: 0 (no test split) up to below 1. Must be 0 if the files
        /// have their own test or valid split.
        pub test: f64 = 0.0,
        /// Seed of the splits.
        pub seed: u64 = 0,
        /// The classes to keep, by name, in the order of their labels: at least two. By default
        /// all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub classes: Option<Vec<String>>,
        /// How much of the train split to keep: `{"fraction": 0.1}` or `{"images_per_class": 20}`.
        /// By default all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subset: Option<SubsetConfig>,
        /// A regular expression with one capture group, such as `(dive[0-9]+)_`, matched against an
        /// image's path below the root, such as `ant/dive07_12.jpg`: what it captures names the
        /// image's group. Images of one group stay in one split. For folders and tables of photos.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group: Option<String>,
    }
}

impl FilesConfig {
    /// The folder that holds the files.
    pub(super) fn root(&self, info: &Info) -> Result<PathBuf, DataError> {
        self.root.as_deref().map(meant).map_or_else(|| info.cache_dir(), Ok)
    }
}

impl Settings for FilesConfig {
    fn check(&self, info: &Info) -> Result<(), DataError> {
        self.preprocess.resolve(info)?;
        self.split.check_no_group(&format!("the images of {} have no file names", info.name))?;
        self.split.check(info)
    }

    fn kept(&self) -> Kept<'_> {
        self.split.kept()
    }

    fn subset_mut(&mut self) -> &mut Option<SubsetConfig> {
        &mut self.split.subset
    }
}

impl Settings for FolderConfig {
    fn check(&self, info: &Info) -> Result<(), DataError> {
        if self.cache_mb > MAX_CACHE_MB {
            let allowed = format!("0 to {MAX_CACHE_MB}");
            return Err(DataError::setting("cache_mb", allowed, self.cache_mb));
        }
        self.preprocess.resolve(info)?;
        self.split.check(info)
    }

    fn kept(&self) -> Kept<'_> {
        self.split.kept()
    }

    fn subset_mut(&mut self) -> &mut Option<SubsetConfig> {
        &mut self.split.subset
    }
}

impl SplitConfig {
    pub(super) fn kept(&self) -> Kept<'_> {
        let Self { classes, subset, seed, .. } = self;
        Kept { setting: "split", classes: classes.as_deref(), subset: subset.as_ref(), seed: *seed }
    }

    fn check(&self, info: &Info) -> Result<(), DataError> {
        let &Self { valid, test, .. } = self;
        if let Some(subset) = &self.subset {
            subset.check("split.subset")?;
        }
        if let Some(group) = &self.group {
            Pattern::new(group)?;
        }
        if !(valid > 0.0 && valid < 1.0) {
            return Err(DataError::setting("split.valid", "above 0 and below 1", valid));
        }
        if info.own_test {
            return self.check_no_test(&format!("{} has its own test split", info.name));
        }
        if !(0.0..1.0).contains(&test) {
            return Err(DataError::setting("split.test", "at least 0 and below 1", test));
        }
        if valid + test >= 1.0 {
            return Err(DataError::setting(
                "split.valid + split.test",
                "below 1, to leave images for training",
                valid + test,
            ));
        }
        Ok(())
    }

    /// Refuses a fraction for a test split that is not taken from the train images, for the reason
    /// given.
    pub(super) fn check_no_test(&self, reason: &str) -> Result<(), DataError> {
        match self.test {
            0.0 => Ok(()),
            test => Err(DataError::setting("split.test", format!("0, because {reason}"), test)),
        }
    }

    /// Refuses a group pattern that would have no effect, for the given reason.
    pub(super) fn check_no_group(&self, reason: &str) -> Result<(), DataError> {
        match &self.group {
            None => Ok(()),
            Some(group) => {
                let expected = format!("nothing, because {reason}");
                Err(DataError::setting("split.group", expected, format!("{group:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::DataConfig;

    fn message(set: &str, valid: f64, test: f64) -> String {
        let json = format!(
            r#"{{"{set}": {{"root": "x", "split": {{"valid": {valid}, "test": {test}}}}}}}"#
        );
        match serde_json::from_str::<DataConfig>(&json).unwrap().check() {
            Ok(()) => "fine".to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fractions_are_checked() {
        assert_eq!(message("folder", 0.2, 0.2), "fine");
        assert_eq!(
            message("folder", 0.0, 0.2),
            "`split.valid`: expected above 0 and below 1, found 0"
        );
        assert_eq!(
            message("folder", 1.0, 0.0),
            "`split.valid`: expected above 0 and below 1, found 1"
        );
        assert_eq!(
            message("folder", 0.5, -0.1),
            "`split.test`: expected at least 0 and below 1, found -0.1"
        );
        assert_eq!(
            message("folder", 0.5, 0.5),
            "`split.valid + split.test`: expected below 1, to leave images for training, found 1"
        );
        assert_eq!(
            message("mnist", 0.5, 0.1),
            "`split.test`: expected 0, because mnist has its own test split, found 0.1"
        );
    }

    #[test]
    fn groups_need_file_names_and_a_pattern() {
        let message = |set: &str, group: &str| {
            let json = serde_json::json!({set: {"root": "x", "split": {"group": group}}});
            serde_json::from_value::<DataConfig>(json)
                .unwrap()
                .check()
                .map_err(|error| error.to_string())
        };
        assert_eq!(message("folder", "(dive[0-9]+)_"), Ok(()));
        assert_eq!(
            message("cifar10", "(dive[0-9]+)_"),
            Err("`split.group`: expected nothing, because the images of cifar10 have no file names, found \
                 \"(dive[0-9]+)_\""
                .to_owned())
        );
        assert!(message("folder", "dive").is_err());
    }

    #[test]
    fn the_cache_is_checked() {
        let json = r#"{"folder": {"root": "x", "cache_mb": 1048577}}"#;
        let error = serde_json::from_str::<DataConfig>(json).unwrap().check().unwrap_err();
        assert_eq!(error.to_string(), "`cache_mb`: expected 0 to 1048576, found 1048577");
    }

    #[test]
    fn preprocess_is_checked() {
        let json = r#"{"mnist": {"root": "x", "preprocess": {"image_size": 0}}}"#;
        let error = serde_json::from_str::<DataConfig>(json).unwrap().check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`preprocess.image_size`: expected 1 to 4096 pixels, found 0"
        );
    }
}
