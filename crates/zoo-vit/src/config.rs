use zoo_settings::{network, range};

use crate::{Activation, ConfigError, Pooling, Position, VitPreset};

network! {
    VitSettings = "VitSettings"
    /// Sizes and switches of a [`Vit`](crate::Vit).
    pub struct VitConfig {
        /// The preset that the other fields start from (default: mini).
        pub preset: VitPreset,
        /// Number of classes. 0 makes no head: the network then gives the features that one would
        /// read.
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
        /// Whether tokens are normalised before the first block, and patches embedded without a
        /// bias.
        pub pre_norm: bool,
        /// Where the learned factors of what each half of a block adds start, above 0; there are
        /// none unless given. <https://arxiv.org/abs/2103.17239>
        #[serde(skip_serializing_if = "Option::is_none")]
        pub layer_scale: Option<f64>,
        /// Features that a linear layer without a bias makes of those that `pooling` gives, for the
        /// head to read; there is no such layer unless given. <https://arxiv.org/abs/2103.00020>
        #[serde(skip_serializing_if = "Option::is_none")]
        pub projection: Option<usize>,
        /// Probability of dropping a feature, at least 0 and below 1: after the position embedding,
        /// the attention and both layers of the MLP.
        pub dropout: f64,
        /// Probability of skipping each half of a block for an image, at least 0 and below 1. It
        /// applies to the last block and falls to 0 in the first.
        pub drop_path: f64,
        /// Added to the variance in layer normalisation.
        pub layer_norm_epsilon: f64,
        /// Standard deviation of the normal distribution of fresh weights, before it is truncated
        /// at two deviations; above 0. 0.02 is usual for wide networks; narrow ones learn faster
        /// with more.
        pub weight_deviation: f64,
    }
}

impl VitConfig {
    /// Settings, by their keys in JSON, that are never told as the reason why weights do not fit:
    /// however many heads there are, they share the same features.
    pub const SHAPELESS: &[&str] = &["num_heads"];

    /// Settings, by their keys in JSON, that say what the network computes where its weights do not:
    /// pretrained weights decide them unless a config does, even if it names a preset.
    pub const OF_WEIGHTS: &[&str] = &[
        "num_heads",
        "activation",
        "pooling",
        "position",
        "class_position",
        "registers",
        "pre_norm",
        "layer_scale",
        "projection",
        "layer_norm_epsilon",
    ];

    /// Sets the side of the square patches, in pixels.
    pub fn with_patch_size(self, patch_size: usize) -> Self {
        Self { patch_size, ..self }
    }

    /// Sets what bends the hidden features of each block's MLP.
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation: Some(activation), ..self }
    }

    /// Sets what the head looks at.
    pub fn with_pooling(self, pooling: Pooling) -> Self {
        Self { pooling, ..self }
    }

    /// Sets how a token knows its place.
    pub fn with_position(self, position: Position) -> Self {
        Self { position, ..self }
    }

    /// Drops nothing: dropout and drop path are 0.
    pub fn without_dropout(self) -> Self {
        Self { dropout: 0.0, drop_path: 0.0, ..self }
    }

    /// Sets the probability of skipping half of the last block.
    pub fn with_drop_path(self, drop_path: f64) -> Self {
        Self { drop_path, ..self }
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
            range::size(field, found)?;
        }
        range::count("num_classes", self.num_classes)?;
        range::count("registers", self.registers)?;
        range::channels(self.channels)?;
        range::below_one("dropout", self.dropout)?;
        range::below_one("drop_path", self.drop_path)?;
        range::above_zero("layer_norm_epsilon", self.layer_norm_epsilon)?;
        range::above_zero("weight_deviation", self.weight_deviation)?;
        range::above_zero("layer_scale", self.layer_scale.unwrap_or(1.0))?;
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
