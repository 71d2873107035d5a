use fast_image_resize::FilterType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pixels between pixels are made. All but `nearest` smooth before they make an image smaller,
/// as Pillow and torchvision with `antialias` do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest pixel, unchanged.
    Nearest,
    /// The mean of the pixels under the new one.
    Box,
    /// From 2 x 2 pixels.
    #[default]
    Bilinear,
    /// From 2 x 2 pixels, sharper when it makes an image smaller.
    Hamming,
    /// From 4 x 4 pixels: sharper. Most of timm's Vision Transformers use it.
    Bicubic,
    /// From 6 x 6 pixels: the sharpest.
    Lanczos,
}

impl Interpolation {
    /// All, with the name that JSON and timm use and the number by which Pillow and transformers
    /// know each.
    pub const ALL: [(Self, &'static str, u64); 6] = [
        (Self::Nearest, "nearest", 0),
        (Self::Lanczos, "lanczos", 1),
        (Self::Bilinear, "bilinear", 2),
        (Self::Bicubic, "bicubic", 3),
        (Self::Box, "box", 4),
        (Self::Hamming, "hamming", 5),
    ];

    /// The filter of neighbours that it weighs, unless it takes whole pixels as they are.
    pub(super) fn filter(self) -> Option<FilterType> {
        match self {
            Self::Nearest | Self::Box => None,
            Self::Bilinear => Some(FilterType::Bilinear),
            Self::Hamming => Some(FilterType::Hamming),
            // The cubic with a = -0.5, which Pillow calls bicubic.
            Self::Bicubic => Some(FilterType::CatmullRom),
            Self::Lanczos => Some(FilterType::Lanczos3),
        }
    }
}
