use thiserror::Error;

/// Why a [`ResNetConfig`](crate::ResNetConfig) describes no network.
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
    /// `depths` is empty.
    #[error("depths must name at least one stage, found an empty list")]
    NoStages,
    /// `depths` and `widths` disagree about the number of stages.
    #[error("`widths`: expected one for each of the {depths} stages of depths, found {widths}")]
    Stages {
        /// Entries of `depths`.
        depths: usize,
        /// Entries of `widths`.
        widths: usize,
    },
    /// The first two convolutions of the stem have half its channels.
    #[error("`stem_width`: expected an even number with three convolutions, found {found}")]
    OddStem {
        /// The channels of the stem.
        found: usize,
    },
    /// Zeros can only be added to channels, as many before as after them.
    #[error(
        "`widths`: the shortcut zero-padding adds as many channels before those that are there as \
         after them, which cannot make {found} of {input}"
    )]
    Padding {
        /// Channels that come into the block.
        input: usize,
        /// Channels that must leave it.
        found: usize,
    },
}
