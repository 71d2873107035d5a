//! What stands beside weights: the JSON files that Hugging Face and timm publish, and that an export
//! writes. Whatever is said there is heeded or refused by name.

mod huggingface;
mod processor;
mod settings;
mod timm;

use std::path::{Path, PathBuf};

use serde_json::Value;
use zoo_data::Preprocess;
use zoo_vit::{Activation, VitConfig};

pub use settings::named;

use crate::{
    Error,
    model::{ModelSettings, WeightsInfo},
    overwrite::marked,
    run_dir::write_json,
};

/// The file that says what the network is.
const CONFIG: &str = "config.json";
/// Hugging Face's file that says how images are prepared.
const PREPROCESSOR: &str = "preprocessor_config.json";

/// What is said beside weights, as far as anything is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sidecar {
    /// Sizes that the tensors show too, each with what it counts.
    pub sizes: Vec<(Size, usize)>,
    /// Attention heads.
    pub num_heads: Option<usize>,
    /// What is added to the variance in layer normalisation.
    pub layer_norm_epsilon: Option<f64>,
    /// What bends the hidden features of an MLP.
    pub activation: Option<Activation>,
    /// Probability of dropping a feature in training.
    pub dropout: Option<f64>,
    /// Whether queries, keys and values have biases.
    pub qkv_bias: Option<bool>,
    /// Class names in the order of the logits.
    pub classes: Option<Vec<String>>,
    /// How images are prepared.
    pub preprocess: Option<Preprocess>,
    /// What was made of things that are said otherwise than here.
    pub notes: Vec<String>,
}

/// A size of a Vision Transformer that its tensors show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Features of a token.
    Features,
    /// Encoder blocks.
    Blocks,
    /// Features of the hidden layer in each block's MLP.
    Hidden,
    /// Side of a patch.
    Patch,
    /// Side of the image.
    Image,
    /// Channels of the image.
    Channels,
}

impl Size {
    /// What `config` has.
    fn of(self, config: &VitConfig) -> usize {
        match self {
            Self::Features => config.embed_dim,
            Self::Blocks => config.depth,
            Self::Hidden => config.mlp_dim,
            Self::Patch => config.patch_size,
            Self::Image => config.image_size,
            Self::Channels => config.channels,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Blocks => "blocks",
            Self::Hidden => "hidden features",
            Self::Patch => "pixels a patch's side",
            Self::Image => "pixels an image's side",
            Self::Channels => "channels",
        }
    }
}

impl Sidecar {
    /// Reads what `library` has beside weights. A file of that name that is something else,
    /// such as a run's config, is left aside, and that is noted.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] for whatever a file says that cannot be done here.
    pub fn beside(weights: &Path, library: &str) -> Result<Self, Error> {
        let Some(config) = read(&weights.with_file_name(CONFIG))? else {
            return Ok(exported(weights));
        };
        let path = weights.with_file_name(CONFIG);
        let refuse = |message: String| Error::run(&path, message);
        match library {
            "hf" if huggingface::is_config(&config) => {
                let mut sidecar = huggingface::network(&config).map_err(refuse)?;
                let preprocessor = weights.with_file_name(PREPROCESSOR);
                if let Some(settings) = read(&preprocessor)? {
                    huggingface::preprocess(&settings, &config, &mut sidecar)
                        .map_err(|message| Error::run(&preprocessor, message))?;
                }
                Ok(sidecar)
            }
            "timm" if timm::is_config(&config) => timm::read(&config).map_err(refuse),
            _ => Ok(Self {
                notes: vec![format!(
                    "nothing of the {CONFIG} beside the weights, which is none of {library}'s"
                )],
                ..exported(weights)
            }),
        }
    }

    /// Refuses what is said of another network than the tensors show.
    ///
    /// # Errors
    ///
    /// What differs.
    pub fn check_sizes(&self, found: &VitConfig) -> Result<(), String> {
        match self.sizes.iter().find(|(size, said)| size.of(found) != *said) {
            Some((size, said)) => Err(format!(
                "has {} {}, but the {CONFIG} beside it describes a network with {said}: move the weights elsewhere",
                size.of(found),
                size.noun()
            )),
            None => Ok(()),
        }
    }
}

/// What [`write`] has put into the weights themselves, for a library that has nothing beside them.
fn exported(weights: &Path) -> Sidecar {
    let Ok(info) = WeightsInfo::exported(weights) else {
        return Sidecar::default();
    };
    let mut sidecar = Sidecar {
        classes: Some(info.classes),
        preprocess: Some(info.preprocess),
        ..Sidecar::default()
    };
    if let ModelSettings::Vit(settings) = info.model {
        let config = VitConfig::from(settings);
        sidecar.num_heads = Some(config.num_heads);
        sidecar.layer_norm_epsilon = Some(config.layer_norm_epsilon);
        sidecar.dropout = Some(config.dropout);
    }
    sidecar
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

/// What was written beside weights.
pub struct Written {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What the library cannot express, and what to do, a sentence each.
    pub notes: Vec<String>,
}

/// Writes what the layout has beside its weights.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be written.
pub fn write(layout: &str, weights: &Path, info: &WeightsInfo) -> Result<Written, Error> {
    let (documents, notes) = match (layout, &info.model) {
        ("hf", ModelSettings::Vit(settings)) => {
            huggingface::write(&VitConfig::from(settings.clone()), info)
        }
        ("timm", ModelSettings::Vit(settings)) => {
            timm::write(&VitConfig::from(settings.clone()), info)
        }
        (_, model) => {
            let mut notes = vec![settings::by_hand(layout, &info.preprocess)];
            if let ModelSettings::Vit(settings) = model {
                notes.extend(settings::epsilon(layout, &VitConfig::from(settings.clone())));
            }
            (Vec::new(), notes)
        }
    };
    let write = |(name, value): (&str, Value)| {
        let path = weights.with_file_name(name);
        write_json(&path, &marked(value, weights))?;
        Ok(path)
    };
    let files = documents.into_iter().map(write).collect::<Result<_, Error>>()?;
    Ok(Written { files, notes })
}
