use fast_image_resize::FilterType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pixels between pixels are made. Both smooth before they make an image smaller, as Pillow and
/// torchvision with `antialias` do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// From 2 x 2 pixels.
    #[default]
    Bilinear,
    /// From 4 x 4 pixels: sharper. Most of timm's Vision Transformers were made with it.
    Bicubic,
}

impl Interpolation {
    pub(super) fn filter(self) -> FilterType {
        match self {
            Self::Bilinear => FilterType::Bilinear,
            // The cubic with a = -0.5, which Pillow calls bicubic.
            Self::Bicubic => FilterType::CatmullRom,
        }
    }
}
