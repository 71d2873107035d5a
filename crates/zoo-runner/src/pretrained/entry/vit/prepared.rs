//! How images are prepared for networks of which nothing says it.

use zoo_data::{Interpolation, Resize};

use crate::pretrained::layout::Assumed;

/// How CLIP's images are prepared.
pub const CLIP: Assumed = Assumed {
    mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
    std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
    resize: Resize::Crop,
    crop_ratio: 1.0,
    interpolation: Interpolation::Bicubic,
    image_size: None,
};
/// How DINOv2 was evaluated on ImageNet: 256 pixels, of which 224 are seen.
pub const DINOV2: Assumed =
    Assumed { interpolation: Interpolation::Bicubic, image_size: Some(224), ..Assumed::IMAGENET };
