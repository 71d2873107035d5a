//! Settings of the loader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::settings;

use crate::DataError;

/// Which training images an epoch contains. In any case it has as many images as the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sampler {
    /// Every image once.
    #[default]
    Shuffle,
    /// Equally many images of each class: images of small classes repeat, augmented differently
    /// each time, and images of large ones do not appear in every epoch.
    Balanced,
}

settings! {
    /// How batches are made.
    pub struct LoaderConfig {
        /// Number of images in a batch, 1 to 1,048,576.
        pub batch_size: usize = 64,
        /// Number of threads that read and augment images, 0 to 256. With 0, the training thread
        /// does it. Does not affect the batches.
        pub workers: usize = 2,
        /// Number of batches to prepare ahead, 0 to 1024, in addition to those that workers are
        /// making.
        pub prefetch: usize = 4,
        /// Which training images an epoch contains.
        pub sampler: Sampler,
    }
}

impl LoaderConfig {
    /// Refuses settings out of range.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        for (setting, value, least, most) in [
            ("batch_size", self.batch_size, 1, 1 << 20),
            ("workers", self.workers, 0, 256),
            ("prefetch", self.prefetch, 0, 1024),
        ] {
            if !(least..=most).contains(&value) {
                return Err(DataError::setting(setting, format!("{least} to {most}"), value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert!(LoaderConfig::default().check().is_ok());
        let message = |json| {
            serde_json::from_str::<LoaderConfig>(json).unwrap().check().unwrap_err().to_string()
        };
        assert_eq!(message(r#"{"batch_size": 0}"#), "`batch_size`: expected 1 to 1048576, found 0");
        assert_eq!(message(r#"{"workers": 257}"#), "`workers`: expected 0 to 256, found 257");
        assert_eq!(message(r#"{"prefetch": 1025}"#), "`prefetch`: expected 0 to 1024, found 1025");
        assert!(serde_json::from_str::<LoaderConfig>(r#"{"worker": 1}"#).is_err());
    }
}
