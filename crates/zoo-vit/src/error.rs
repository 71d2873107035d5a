use thiserror::Error;

/// Why a [`VitConfig`](crate::VitConfig) describes no network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size or count is 0, or beyond anything that fits in memory.
    #[error("`{field}`: expected 1 to 65536, found {found}")]
    Size {
        /// The field's name.
        field: &'static str,
        /// Its value.
        found: usize,
    },
    /// A count that may be 0 is beyond anything that fits in memory.
    #[error("`{field}`: expected 0 to 65536, found {found}")]
    Count {
        /// The field's name.
        field: &'static str,
        /// Its value.
        found: usize,
    },
    /// Images are neither grey nor RGB.
    #[error("`channels`: expected 1 (grey) or 3 (RGB), found {found}")]
    Channels {
        /// The number of channels.
        found: usize,
    },
    /// A probability of dropping is negative, or so high that nothing would be kept.
    #[error("`{field}`: expected 0 to below 1, found {found}")]
    Probability {
        /// The field's name.
        field: &'static str,
        /// Its value.
        found: f64,
    },
    /// The patches do not tile the image. The smallest image is one patch.
    #[error("`image_size`: expected a multiple of patch_size ({patch_size} px), found {found} px")]
    Patches {
        /// The patch's side, in pixels.
        patch_size: usize,
        /// The image's side, in pixels.
        found: usize,
    },
    /// The heads do not share the features equally.
    #[error("`embed_dim`: expected a multiple of num_heads ({num_heads}), found {found}")]
    Heads {
        /// The number of heads.
        num_heads: usize,
        /// The number of features.
        found: usize,
    },
    /// Sines and cosines of rows and columns need four equal parts, of two frequencies at least.
    #[error(
        "`embed_dim`: expected a multiple of 4 and at least 8 for sin-cos positions, found {found}"
    )]
    SinCos {
        /// The number of features.
        found: usize,
    },
    /// Layer normalisation could divide by 0.
    #[error("`layer_norm_epsilon`: expected a number above 0, found {found}")]
    Epsilon {
        /// The epsilon.
        found: f64,
    },
    /// Fresh weights would all be 0.
    #[error("`weight_deviation`: expected a number above 0, found {found}")]
    Deviation {
        /// The deviation.
        found: f64,
    },
    /// Branches would start silent, and never learn.
    #[error("`layer_scale`: expected a number above 0, found {found}")]
    LayerScale {
        /// The factor.
        found: f64,
    },
}
