use optfield::optfield;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Activation, ConfigError, Pooling, Position, VitPreset};

/// Largest size or count accepted, so that no sum of them overflows.
const LARGEST: usize = 65_536;

/// Sizes and switches of a [`Vit`](crate::Vit).
///
/// Deserialised through [`VitSettings`]: fields that a file leaves out take the preset's value, and
/// unknown keys are refused.
#[optfield(
    pub VitSettings,
    doc = "Settings of a [`VitConfig`] in a file. `None` takes the preset's value.",
    field_doc,
    attrs = (
        derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema),
        serde(default, deny_unknown_fields)
    ),
    field_attrs = (serde(skip_serializing_if = "Option::is_none")),
    merge_fn = overlay,
    from
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "VitSettings")]
pub struct VitConfig {
    /// The preset that the other fields start from (default: mini).
    pub preset: VitPreset,
    /// Number of classes.
    pub num_classes: usize,
    /// Channels of an image: 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// Side of the square images, in pixels; a multiple of `patch_size`.
    pub image_size: usize,
    /// Side of the square patches that become one token each, in pixels.
    pub patch_size: usize,
    /// Features of a token.
    pub embed_dim: usize,
    /// Number of encoder blocks.
    pub depth: usize,
    /// Number of attention heads, which share the features of a token equally.
    pub num_heads: usize,
    /// Features of the hidden layer in each block's MLP.
    pub mlp_dim: usize,
    /// What bends the hidden features of each block's MLP; the exact GELU unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// What the head reads.
    pub pooling: Pooling,
    /// How a token knows its position.
    pub position: Position,
    /// Probability of dropping a feature, at least 0 and below 1: after the position embedding, the
    /// attention and both layers of the MLP.
    pub dropout: f64,
    /// Probability of skipping each half of a block for an image, at least 0 and below 1. It
    /// applies to the last block and falls to 0 in the first.
    pub drop_path: f64,
    /// Added to the variance in layer normalisation.
    pub layer_norm_epsilon: f64,
    /// Standard deviation of the normal distribution of fresh weights, before it is truncated at
    /// two deviations; above 0. 0.02 is usual for wide networks; narrow ones learn faster with
    /// more.
    pub weight_deviation: f64,
}

impl From<VitSettings> for VitConfig {
    fn from(settings: VitSettings) -> Self {
        let mut config = Self::preset(settings.preset.unwrap_or_default());
        config.overlay(settings);
        config
    }
}

impl VitConfig {
    /// Sets the number of classes.
    pub fn with_num_classes(mut self, num_classes: usize) -> Self {
        self.num_classes = num_classes;
        self
    }

    /// Sets the channels of an image, 1 or 3.
    pub fn with_channels(mut self, channels: usize) -> Self {
        self.channels = channels;
        self
    }

    /// Sets the side of the square images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the side of the square patches, in pixels.
    pub fn with_patch_size(mut self, patch_size: usize) -> Self {
        self.patch_size = patch_size;
        self
    }

    /// Sets what bends the hidden features of each block's MLP.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Sets what the head looks at.
    pub fn with_pooling(mut self, pooling: Pooling) -> Self {
        self.pooling = pooling;
        self
    }

    /// Sets how a token knows its place.
    pub fn with_position(mut self, position: Position) -> Self {
        self.position = position;
        self
    }

    /// Sets the probability of dropping a feature.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Drops nothing: dropout and drop path are 0.
    pub fn without_dropout(mut self) -> Self {
        self.drop_path = 0.0;
        self.with_dropout(0.0)
    }

    /// Sets the probability of skipping half of the last block.
    pub fn with_drop_path(mut self, drop_path: f64) -> Self {
        self.drop_path = drop_path;
        self
    }

    /// Refuses sizes that make no network.
    ///
    /// # Errors
    /// A [`ConfigError`] for the first field found wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("num_classes", self.num_classes),
            ("image_size", self.image_size),
            ("patch_size", self.patch_size),
            ("embed_dim", self.embed_dim),
            ("depth", self.depth),
            ("num_heads", self.num_heads),
            ("mlp_dim", self.mlp_dim),
        ];
        for (field, found) in sizes {
            if !(1..=LARGEST).contains(&found) {
                return Err(ConfigError::Size { field, found });
            }
        }
        if ![1, 3].contains(&self.channels) {
            return Err(ConfigError::Channels { found: self.channels });
        }
        for (field, found) in [("dropout", self.dropout), ("drop_path", self.drop_path)] {
            if !(0.0..1.0).contains(&found) {
                return Err(ConfigError::Probability { field, found });
            }
        }
        let epsilon = self.layer_norm_epsilon;
        if !(epsilon.is_finite() && epsilon > 0.0) {
            return Err(ConfigError::Epsilon { found: epsilon });
        }
        let deviation = self.weight_deviation;
        if !(deviation.is_finite() && deviation > 0.0) {
            return Err(ConfigError::Deviation { found: deviation });
        }
        self.check_tokens()
    }

    fn check_tokens(&self) -> Result<(), ConfigError> {
        let Self { image_size, patch_size, embed_dim, num_heads, .. } = *self;
        if !image_size.is_multiple_of(patch_size) {
            return Err(ConfigError::Patches { patch_size, found: image_size });
        }
        if !embed_dim.is_multiple_of(num_heads) {
            return Err(ConfigError::Heads { num_heads, found: embed_dim });
        }
        let quarters = embed_dim.is_multiple_of(4) && embed_dim >= 8;
        if self.position == Position::SinCos && !quarters {
            return Err(ConfigError::SinCos { found: embed_dim });
        }
        Ok(())
    }

    /// Multiply-adds of one image's forward pass, for a config that passes [`check`](Self::check):
    /// the patch embedding, the linear layers and the two products of attention (queries by keys,
    /// weights by values). FLOPs are twice this.
    pub fn multiply_adds(&self) -> u64 {
        let Self { patch_size, embed_dim, mlp_dim, .. } = *self;
        let (patches, tokens) = (self.grid() * self.grid(), self.num_tokens());
        let patch_embedding = patches * patch_size * patch_size * self.channels * embed_dim;
        let attention = tokens * 4 * embed_dim * embed_dim + 2 * tokens * tokens * embed_dim;
        let mlp = tokens * 2 * embed_dim * mlp_dim;
        let head = embed_dim * self.num_classes;
        (patch_embedding + self.depth * (attention + mlp) + head) as u64
    }

    /// Patches along a side of the image.
    pub(crate) fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Length of the sequence that the blocks see.
    pub(crate) fn num_tokens(&self) -> usize {
        let class_tokens = usize::from(self.pooling == Pooling::ClassToken);
        class_tokens + self.grid() * self.grid()
    }
}
