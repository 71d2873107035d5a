use thiserror::Error;
use zoo_settings::OutOfRange;

/// Why a [`CnnConfig`](crate::CnnConfig) describes no network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size, count, probability or factor is out of its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// `widths` is empty.
    #[error("widths must name at least one stage, found an empty list")]
    NoStages,
    /// A convolution would look at padding alone.
    #[error("`padding`: expected below kernel_size ({kernel_size}), found {found}")]
    Padding {
        /// The padding, in pixels.
        found: usize,
        /// The kernel's side, in pixels.
        kernel_size: usize,
    },
    /// The stem and the residual convolutions keep the image's size, which an even kernel cannot.
    #[error(
        "`kernel_size`: expected an odd number with a stem or residual convolutions, found {found}"
    )]
    EvenKernel {
        /// The kernel's side, in pixels.
        found: usize,
    },
    /// The stages leave no pixel.
    #[error("`image_size`: expected at least {smallest} px for these stages, found {found} px")]
    ImageTooSmall {
        /// The image's side, in pixels.
        found: usize,
        /// The smallest side that works, in pixels.
        smallest: usize,
    },
}
