use thiserror::Error;
use zoo_settings::OutOfRange;

/// Why a [`ResNetConfig`](crate::ResNetConfig) describes no network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size, count, probability or factor is out of its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
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
