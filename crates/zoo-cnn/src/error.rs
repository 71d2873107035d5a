use thiserror::Error;

/// Why a [`CnnConfig`](crate::CnnConfig) describes no network.
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
    /// Logits would all be 0, infinite or turned round.
    #[error("`logit_scale`: expected a number above 0, found {found}")]
    LogitScale {
        /// The factor.
        found: f64,
    },
}
