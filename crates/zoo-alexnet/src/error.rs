use thiserror::Error;
use zoo_settings::OutOfRange;

/// Why an [`AlexNetConfig`](crate::AlexNetConfig) describes no network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size, count, probability or factor is out of its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
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
