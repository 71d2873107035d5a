use thiserror::Error;

/// Why an [`AlexNetConfig`](crate::AlexNetConfig) describes no network.
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
    /// The channels of a layer do not fall into equal groups.
    #[error("`widths`: expected multiples of groups ({groups}), found {found}")]
    Groups {
        /// The number of groups.
        groups: usize,
        /// The width that is not a multiple of it.
        found: usize,
    },
    /// The second convolution keeps the image's size, which an even kernel cannot.
    #[error("`conv2_kernel`: expected an odd number, found {found}")]
    EvenKernel {
        /// The kernel's side, in pixels.
        found: usize,
    },
    /// The first convolution would look at padding alone.
    #[error("`conv1_padding`: expected below conv1_kernel ({kernel}), found {found}")]
    Padding {
        /// The padding, in pixels.
        found: usize,
        /// The kernel's side, in pixels.
        kernel: usize,
    },
    /// The poolings leave no pixel.
    #[error("`image_size`: expected at least {smallest} px for these layers, found {found} px")]
    ImageTooSmall {
        /// The image's side, in pixels.
        found: usize,
        /// The smallest side that works, in pixels.
        smallest: usize,
    },
}
