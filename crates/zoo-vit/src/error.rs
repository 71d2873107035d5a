use thiserror::Error;
use zoo_settings::OutOfRange;

/// Why a [`VitConfig`](crate::VitConfig) describes no network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size, count, probability or factor is out of its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
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
}
