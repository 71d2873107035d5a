//! What is told of a Vision Transformer beside its weights.

use serde_json::Value;
use zoo_vit::{Activation, VitConfig};

use super::{
    super::super::sidecar::{CONFIG, Sidecar, settings::Settings},
    config,
};
use crate::Error;

/// What is told, as far as anything is.
#[derive(Default)]
pub struct Told {
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
    /// The file that says so, where it is not [`CONFIG`].
    pub file: Option<&'static str>,
}

/// A size of a Vision Transformer that its tensors show.
#[derive(Clone, Copy)]
pub struct Size {
    /// What it counts.
    noun: &'static str,
    of: fn(&VitConfig) -> usize,
}

pub const FEATURES: Size = Size { noun: "features", of: |config| config.embed_dim };
pub const BLOCKS: Size = Size { noun: "blocks", of: |config| config.depth };
pub const HIDDEN: Size = Size { noun: "hidden features", of: |config| config.mlp_dim };
pub const PATCH: Size = Size { noun: "pixels a patch's side", of: |config| config.patch_size };
pub const IMAGE: Size = Size { noun: "pixels an image's side", of: |config| config.image_size };
pub const CHANNELS: Size = Size { noun: "channels", of: |config| config.channels };

impl Told {
    /// What is told beside weights, if a file is there that `read` can read, or else in an export.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn beside(
        sidecar: &Sidecar,
        read: impl Fn(&Value) -> Result<Self, String>,
    ) -> Result<Self, Error> {
        match &sidecar.config {
            Some(config) => read(config).map_err(|message| sidecar.refuse(message)),
            None => Ok(Self::exported(sidecar)),
        }
    }

    /// What all of transformers' Vision Transformers say in the same words: with that many `hidden`
    /// features, and the `epsilon` that norms mostly have.
    ///
    /// # Errors
    ///
    /// What is no number, by its name.
    pub fn of_transformers(
        settings: Settings,
        hidden: Option<usize>,
        epsilon: f64,
    ) -> Result<Self, String> {
        Ok(Self {
            sizes: Self::sizes([
                (FEATURES, settings.count("hidden_size")?),
                (BLOCKS, settings.count("num_hidden_layers")?),
                (HIDDEN, hidden),
                (PATCH, settings.side("patch_size")?),
                (IMAGE, settings.side("image_size")?),
                (CHANNELS, settings.count("num_channels")?),
            ]),
            num_heads: Some(settings.count("num_attention_heads")?.unwrap_or(12)),
            layer_norm_epsilon: Some(settings.number("layer_norm_eps")?.unwrap_or(epsilon)),
            ..Self::default()
        })
    }

    /// What an export of the zoo's says.
    pub fn exported(sidecar: &Sidecar) -> Self {
        let Some(config) = sidecar.exported.as_ref().map(config) else {
            return Self::default();
        };
        Self {
            num_heads: Some(config.num_heads),
            layer_norm_epsilon: Some(config.layer_norm_epsilon),
            activation: Some(config.activation.unwrap_or_default()),
            dropout: Some(config.dropout),
            ..Self::default()
        }
    }

    /// Takes those of the sizes that are told.
    pub fn sizes<const N: usize>(sizes: [(Size, Option<usize>); N]) -> Vec<(Size, usize)> {
        sizes.into_iter().filter_map(|(size, said)| Some((size, said?))).collect()
    }

    /// Refuses what is said of another network than the tensors show.
    ///
    /// # Errors
    ///
    /// What differs.
    pub fn check_sizes(&self, found: &VitConfig) -> Result<(), String> {
        match self.sizes.iter().find(|(size, said)| (size.of)(found) != *said) {
            Some((size, said)) => Err(format!(
                "has {} {}, but the {} beside it describes a network with {said}: move the weights elsewhere",
                (size.of)(found),
                size.noun,
                self.file.unwrap_or(CONFIG),
            )),
            None => Ok(()),
        }
    }
}
