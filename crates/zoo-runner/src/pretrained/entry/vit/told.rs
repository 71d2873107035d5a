//! What is told of a Vision Transformer beside its weights.

use zoo_vit::{Activation, VitConfig};

use super::{
    super::super::sidecar::{CONFIG, Sidecar},
    config,
};

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

impl Told {
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
        match self.sizes.iter().find(|(size, said)| size.of(found) != *said) {
            Some((size, said)) => Err(format!(
                "has {} {}, but the {} beside it describes a network with {said}: move the weights elsewhere",
                size.of(found),
                size.noun(),
                self.file.unwrap_or(CONFIG),
            )),
            None => Ok(()),
        }
    }
}
