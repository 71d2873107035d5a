//! What stands beside weights: the JSON files that Hugging Face and timm publish, and that an export
//! writes. Whatever is said there is heeded or refused by name. What they say of the network itself is
//! read and written by its [`entry`](super::entry).

mod convnext;
pub mod huggingface;
pub mod open_clip;
mod processor;
pub mod settings;
pub mod timm;

use std::path::{Path, PathBuf};

use serde_json::Value;
use zoo_data::Preprocess;
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_training::run_dir::write_json;

use crate::{Error, overwrite::marked};

/// The file that says what the network is.
pub const CONFIG: &str = "config.json";
/// Hugging Face's file that says how images are prepared.
pub const PREPROCESSOR: &str = "preprocessor_config.json";

/// What is said beside weights, as far as anything is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sidecar {
    /// Where the library's file is that says what the network is, or would be.
    path: PathBuf,
    /// What it says.
    pub config: Option<Value>,
    /// The network of weights that the zoo has exported to a library that has nothing beside them.
    pub exported: Option<ModelSettings>,
    /// Class names in the order of the logits.
    pub classes: Option<Vec<String>>,
    /// How images are prepared.
    pub preprocess: Option<Preprocess>,
    /// What was made of things that are said otherwise than here.
    pub notes: Vec<String>,
}

impl Sidecar {
    /// Reads what `library` has beside weights. A file of that name that is something else,
    /// such as a run's config, is left aside, and that is noted.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] for whatever a file says that cannot be done here.
    pub fn beside(weights: &Path, library: &str) -> Result<Self, Error> {
        let name = if library == "open_clip" { open_clip::CONFIG } else { CONFIG };
        let path = weights.with_file_name(name);
        let Some(config) = read(&path)? else {
            return Ok(Self::exported(weights));
        };
        let refuse = |message: String| Error::run(&path, message);
        let sidecar = match library {
            "hf" if huggingface::is_config(&config) => {
                let mut sidecar = huggingface::read(&config).map_err(refuse)?;
                let preprocessor = weights.with_file_name(PREPROCESSOR);
                if let Some(settings) = read(&preprocessor)? {
                    huggingface::preprocess(&settings, &config, &mut sidecar)
                        .map_err(|message| Error::run(&preprocessor, message))?;
                }
                sidecar
            }
            "timm" if timm::is_config(&config) => timm::read(&config).map_err(refuse)?,
            "open_clip" if open_clip::is_config(&config) => {
                open_clip::read(&config).map_err(refuse)?
            }
            _ => {
                let note = format!(
                    "nothing of the {name} beside the weights, which is none of {library}'s"
                );
                return Ok(Self { notes: vec![note], ..Self::exported(weights) });
            }
        };
        Ok(Self { path, config: Some(config), ..sidecar })
    }

    /// The library whose [`CONFIG`] lies beside weights, if one does.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the file is no sound JSON.
    pub fn library(weights: &Path) -> Result<Option<&'static str>, Error> {
        let config = read(&weights.with_file_name(CONFIG))?;
        Ok(config.and_then(|config| match () {
            () if huggingface::is_config(&config) => Some("hf"),
            () if timm::is_config(&config) => Some("timm"),
            () => None,
        }))
    }

    /// What an export has put into the weights themselves.
    fn exported(weights: &Path) -> Self {
        match WeightsInfo::exported(weights) {
            Ok(info) => Self {
                exported: Some(info.model),
                classes: Some(info.classes),
                preprocess: Some(info.preprocess),
                ..Self::default()
            },
            Err(_) => Self::default(),
        }
    }

    /// An [`Error::Run`] about what that file says.
    pub fn refuse(&self, message: impl Into<String>) -> Error {
        Error::run(&self.path, message)
    }
}

/// The document in a file, if there is such a file.
fn read(path: &Path) -> Result<Option<Value>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Error::run(path, format!("is no sound JSON: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// What a library wants beside its weights.
#[derive(Debug, Default)]
pub struct Documents {
    /// The files by their names.
    pub files: Vec<(&'static str, Value)>,
    /// What the library cannot express, and what to do, a sentence each.
    pub notes: Vec<String>,
}

impl Documents {
    /// No files, of a library that keeps no preprocessing with its weights: a note on that, and
    /// further ones.
    pub fn by_hand(
        library: &str,
        info: &WeightsInfo,
        more: impl IntoIterator<Item = String>,
    ) -> Self {
        let steps = settings::steps(&info.preprocess);
        let note =
            format!("{library} keeps no preprocessing with weights; prepare images by {steps}");
        Self { files: Vec::new(), notes: std::iter::once(note).chain(more).collect() }
    }

    /// Writes the files beside `weights`, and gives their paths.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(self, weights: &Path) -> Result<Vec<PathBuf>, Error> {
        let write = |(name, value): (&str, Value)| {
            let path = weights.with_file_name(name);
            write_json(&path, &marked(value, weights))?;
            Ok(path)
        };
        self.files.into_iter().map(write).collect()
    }
}
