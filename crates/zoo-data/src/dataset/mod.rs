//! Datasets: labelled images, divided into splits.
//!
//! To add one, write its file beside this one (an [`Info`] named `INFO`, a function `open`, and
//! settings, where none of those in `config.rs` fit) and add a line to `datasets!` below.

mod cifar;
mod cifar10;
mod cifar100;
mod classes;
mod config;
mod fashion_mnist;
mod folder;
mod group;
mod idx;
mod info;
mod kept;
mod labelled;
mod layout;
mod listing;
mod manifest;
mod memory;
mod mnist;
mod photos;
mod remote;
mod sea;
mod settings;
mod source;
mod split;
mod split_name;
mod subset;
mod unreadable;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use classes::{same_name, sorted as sorted_classes, spelled};
pub use config::{FilesConfig, FolderConfig, SplitConfig};
pub use info::Info;
pub use manifest::ManifestConfig;
pub use remote::{RemoteFile, cache_dir};
pub use sea::SeaConfig;
pub use source::{ImageSource, Sample};
pub use split::Split;
pub use split_name::SplitName;
pub use subset::SubsetConfig;
pub use unreadable::{OnUnreadable, Unreadable};

use self::settings::Settings;
use crate::{
    DataError,
    preprocess::{Preprocess, PreprocessConfig},
};

/// Builds the registry: the config enum, the list of built-in datasets, and the only place where a
/// name becomes a dataset.
macro_rules! datasets {
    ($($variant:ident $name:literal = $module:ident($config:ident)),* $(,)?) => {
        /// Which dataset to read, and how: `{"fashion-mnist": {"root": "data/fashion-mnist"}}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum DataConfig {
            $(
                #[doc = concat!("The dataset `", $name, "`.")]
                #[serde(rename = $name)]
                $variant($config),
            )*
        }

        /// All datasets that are built in, in the order of [`DataConfig::NAMES`].
        pub const DATASETS: &[&Info] = &[$(&$module::INFO),*];

        impl DataConfig {
            /// The names of all datasets.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// What is known of the dataset without opening it.
            pub fn info(&self) -> &'static Info {
                match self {
                    $(Self::$variant(_) => &$module::INFO,)*
                }
            }

            fn settings(&self) -> &dyn Settings {
                match self {
                    $(Self::$variant(config) => config,)*
                }
            }

            fn settings_mut(&mut self) -> &mut dyn Settings {
                match self {
                    $(Self::$variant(config) => config,)*
                }
            }

            fn preprocess_config(&self) -> &PreprocessConfig {
                match self {
                    $(Self::$variant(config) => &config.preprocess,)*
                }
            }

            fn preprocess_config_mut(&mut self) -> &mut PreprocessConfig {
                match self {
                    $(Self::$variant(config) => &mut config.preprocess,)*
                }
            }

            /// Opens the dataset: reads or lists its files, divides them into splits, and keeps the
            /// requested classes and part of the train split.
            ///
            /// # Errors
            /// Those of [`check`](Self::check), and [`DataError`]'s variants that come on opening.
            pub fn open(&self) -> Result<Dataset, DataError> {
                self.check()?;
                let dataset = match self {
                    $(Self::$variant(config) => $module::open(config)?,)*
                };
                dataset.keep(&self.settings().kept())
            }
        }
    };
}

datasets! {
    Sea "sea" = sea(SeaConfig),
    Mnist "mnist" = mnist(FilesConfig),
    FashionMnist "fashion-mnist" = fashion_mnist(FilesConfig),
    Cifar10 "cifar10" = cifar10(FilesConfig),
    Cifar100 "cifar100" = cifar100(FilesConfig),
    Folder "folder" = folder(FolderConfig),
    Manifest "manifest" = manifest(ManifestConfig),
}

impl DataConfig {
    /// Refuses settings out of range. Looks at no file.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        self.settings().check(self.info())
    }

    /// How its images are made fit for a network.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn preprocess(&self) -> Result<Preprocess, DataError> {
        self.preprocess_config().resolve(self.info())
    }

    /// Whether the settings say how large images are for the network.
    pub fn says_image_size(&self) -> bool {
        self.preprocess_config().image_size.is_some()
    }

    /// Has images made fit for a network with these weights, as far as the settings leave it open.
    /// True where pixels are then normalised as the weights have it.
    pub fn take_over(&mut self, weights: &Preprocess) -> bool {
        let channels = self.info().channels;
        self.preprocess_config_mut().take_over(weights, channels)
    }

    /// The same dataset with this part of its train images.
    pub fn with_subset(mut self, subset: SubsetConfig) -> Self {
        *self.settings_mut().subset_mut() = Some(subset);
        self
    }
}

/// An open dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name in configs, such as `fashion-mnist`.
    pub name: &'static str,
    /// Names of the classes. A label is an index into this list.
    pub classes: Vec<String>,
    /// How its images are made fit for a network.
    pub preprocess: Preprocess,
    /// What a network learns from.
    pub train: Split,
    /// What decides during development.
    pub valid: Split,
    /// What is looked at once, in the end.
    pub test: Option<Split>,
    /// What the user should know about the files, one sentence each; mostly nothing.
    pub notes: Vec<String>,
    /// What [`check_images`](Self::check_images) does about images that cannot be read.
    pub on_unreadable: OnUnreadable,
    /// The images that it has left out.
    pub skipped: Vec<Unreadable>,
}

impl Dataset {
    /// A split by its name. `None`: the dataset has no test split.
    pub fn split(&self, name: SplitName) -> Option<&Split> {
        match name {
            SplitName::Train => Some(&self.train),
            SplitName::Valid => Some(&self.valid),
            SplitName::Test => self.test.as_ref(),
        }
    }

    /// The split by which networks are measured: the test split, or the valid split if there is
    /// none.
    pub fn measured(&self) -> (SplitName, &Split) {
        match &self.test {
            Some(test) => (SplitName::Test, test),
            None => (SplitName::Valid, &self.valid),
        }
    }

    /// A SHA-256, in hexadecimal, over class names, the content of the images, and which of them is
    /// in which split.
    ///
    /// Folders of photos are identified by file names and sizes, because reading all of them would
    /// take too long.
    pub fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.name);
        for class in &self.classes {
            hasher.update((class.len() as u64).to_le_bytes());
            hasher.update(class);
        }
        for name in SplitName::ALL {
            let Some(split) = self.split(name) else { continue };
            hasher.update(name.name());
            hasher.update((split.len() as u64).to_le_bytes());
            for position in 0..split.len() {
                hasher.update((split.index(position) as u64).to_le_bytes());
                hasher.update((split.label(position) as u64).to_le_bytes());
            }
            split.source().stamp(&mut hasher);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Ways in for the fuzz targets: readers that take bytes in place of files.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Reads what may be an IDX file.
    pub fn idx(file: &[u8]) {
        super::idx::fuzz(file);
    }

    /// Reads what may be the archive of CIFAR-10.
    pub fn cifar(archive: &[u8]) {
        super::cifar10::fuzz(archive);
    }
}

/// Class names as a dataset owns them.
fn owned(classes: &[&str]) -> Vec<String> {
    classes.iter().map(|&class| class.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_agrees_with_itself() {
        let names: Vec<&str> = DATASETS.iter().map(|info| info.name).collect();
        assert_eq!(names, DataConfig::NAMES);
        for info in DATASETS {
            assert!(info.about.ends_with('.'), "{}", info.name);
            assert!(info.normalize.mean_std(info.channels).is_ok(), "{}", info.name);
        }
    }

    #[test]
    fn config_reads_strictly() {
        let read = |json: &str| serde_json::from_str::<DataConfig>(json);
        let config =
            read(r#"{"cifar10": {"root": "data/cifar10", "split": {"valid": 0.2}}}"#).unwrap();
        let DataConfig::Cifar10(files) = &config else { panic!("{config:?}") };
        assert_eq!(files.split, SplitConfig { valid: 0.2, ..SplitConfig::default() });
        assert_eq!(config.info().name, "cifar10");

        let message = |json| read(json).unwrap_err().to_string();
        assert!(message(r#"{"folder": {}}"#).starts_with("missing field `root`"));
        assert!(
            message(r#"{"cifar10": {"root": "x", "rot": 1}}"#).starts_with("unknown field `rot`")
        );
        assert!(
            message(r#"{"cifar11": {"root": "x"}}"#)
                .starts_with("unknown variant `cifar11`, expected one of `sea`, `mnist`")
        );
    }
}
