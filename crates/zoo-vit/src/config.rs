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
    doc = "The network; what is left out takes the preset's value.",
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
    /// Number of classes. 0 makes no head: the network then gives the features that one would read.
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
    /// Whether class tokens have learned positions too.
    pub class_position: bool,
    /// Learned tokens between class tokens and patches that nothing reads at the end, without a
    /// position. <https://arxiv.org/abs/2309.16588>
    pub registers: usize,
    /// Whether tokens are normalised before the first block, and patches embedded without a bias.
    pub pre_norm: bool,
    /// Where the learned factors of what each half of a block adds start, above 0; there are none
    /// unless given. <https://arxiv.org/abs/2103.17239>
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer_scale: Option<f64>,
    /// Features that a linear layer without a bias makes of those that `pooling` gives, for the
    /// head to read; there is no such layer unless given. <https://arxiv.org/abs/2103.00020>
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projection: Option<usize>,
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
            ("image_size", self.image_size),
            ("patch_size", self.patch_size),
            ("embed_dim", self.embed_dim),
            ("depth", self.depth),
            ("num_heads", self.num_heads),
            ("mlp_dim", self.mlp_dim),
            ("projection", self.projection.unwrap_or(1)),
        ];
        for (field, found) in sizes {
            if !(1..=LARGEST).contains(&found) {
                return Err(ConfigError::Size { field, found });
            }
        }
        for (field, found) in [("num_classes", self.num_classes), ("registers", self.registers)] {
            if found > LARGEST {
                return Err(ConfigError::Count { field, found });
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
        self.check_numbers()?;
        self.check_tokens()
    }

    fn check_numbers(&self) -> Result<(), ConfigError> {
        let is_positive = |number: f64| number.is_finite() && number > 0.0;
        let Self { layer_norm_epsilon, weight_deviation, layer_scale, .. } = *self;
        if !is_positive(layer_norm_epsilon) {
            return Err(ConfigError::Epsilon { found: layer_norm_epsilon });
        }
        if !is_positive(weight_deviation) {
            return Err(ConfigError::Deviation { found: weight_deviation });
        }
        match layer_scale.filter(|&found| !is_positive(found)) {
            Some(found) => Err(ConfigError::LayerScale { found }),
            None => Ok(()),
        }
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
        let tokens = self.num_tokens();
        let patch_embedding = self.patches() * patch_size * patch_size * self.channels * embed_dim;
        let attention = tokens * 4 * embed_dim * embed_dim + 2 * tokens * tokens * embed_dim;
        let layers = self.activation.unwrap_or_default().inputs() + 1;
        let mlp = tokens * layers * embed_dim * mlp_dim;
        let projection = self.projection.unwrap_or(0) * self.pooled_dim();
        let head = self.num_features() * self.num_classes;
        (patch_embedding + self.depth * (attention + mlp) + projection + head) as u64
    }

    /// Features that the head reads, or that the network gives without one.
    pub fn num_features(&self) -> usize {
        self.projection.unwrap_or(self.pooled_dim())
    }

    /// Tokens that stand before those of the patches in the sequence that the blocks see: class
    /// tokens and registers.
    pub fn prefix_tokens(&self) -> usize {
        self.pooling.class_tokens() + self.registers
    }

    /// Features that the pooling gives.
    pub(crate) fn pooled_dim(&self) -> usize {
        self.pooling.tokens_read(self.patches()) * self.embed_dim
    }

    /// Patches along a side of the image.
    pub(crate) fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    fn patches(&self) -> usize {
        self.grid() * self.grid()
    }

    /// Class tokens that have a position, as the patches do.
    pub(crate) fn placed_class_tokens(&self) -> usize {
        if self.class_position { self.pooling.class_tokens() } else { 0 }
    }

    /// Length of the sequence that the blocks see.
    pub(crate) fn num_tokens(&self) -> usize {
        self.prefix_tokens() + self.patches()
    }
}
