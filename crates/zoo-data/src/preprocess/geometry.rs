//! Which part of an image the network sees, and where on its square.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Preprocess, Resize};

/// Which pixel a cut in the middle starts at where the middle falls between two pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CropOffset {
    /// The one with an even number, as torchvision and timm have it.
    #[default]
    Even,
    /// The one before, as Hugging Face's transformers has it.
    Down,
}

impl CropOffset {
    /// True for the offset that preprocessing has unless it says another.
    pub(super) fn is_even(&self) -> bool {
        *self == Self::Even
    }

    /// The first pixel of a cut that leaves out `rest` pixels.
    fn first(self, rest: usize) -> usize {
        match self {
            Self::Even => (rest as f64 / 2.0).round_ties_even() as usize,
            Self::Down => rest / 2,
        }
    }
}

/// What is seen along the width or the height of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    /// Where the part that is seen begins, in pixels of the image, between two of them where need be.
    pub start: f64,
    /// Length of that part, in pixels of the image.
    pub length: f64,
    /// Pixels of the square that it fills.
    pub pixels: usize,
    /// Pixels of the bar before it.
    pub bar: usize,
    /// Pixels of the whole side once it is scaled.
    pub scaled: usize,
    /// The first of them that is seen.
    pub first: usize,
}

impl Axis {
    /// Of a side of `length` pixels that is scaled to `scaled` pixels, of which the middle `size` are
    /// seen.
    fn new(length: usize, scaled: usize, size: usize, offset: CropOffset) -> Self {
        if scaled <= size {
            let (whole, bar) = (length as f64, (size - scaled) / 2);
            return Self { start: 0.0, length: whole, pixels: scaled, bar, scaled, first: 0 };
        }
        // Scaling and then cutting is one scaling of the part that is kept.
        let unscaled = |pixels: usize| (pixels * length) as f64 / scaled as f64;
        let first = offset.first(scaled - size);
        let start = unscaled(first);
        let length = unscaled(size).min(length as f64 - start);
        Self { start, length, pixels: size, bar: 0, scaled, first }
    }
}

impl Preprocess {
    /// Side in pixels of the image once it is scaled: its shorter side with `crop`, its longer one with
    /// `letterbox`, both with `squish`. The network sees the middle `image_size` pixels of it.
    pub fn scaled_size(&self) -> usize {
        // The ratio of two whole numbers gives the whole number back, whatever was rounded.
        (self.image_size as f64 / self.crop_ratio * (1.0 + 1e-9)) as usize
    }

    /// Whether every image would be cut at the same pixels with that offset.
    pub fn cuts_alike(&self, offset: CropOffset) -> bool {
        let rest = self.scaled_size() - self.image_size;
        match self.resize {
            _ if offset == self.crop_offset => true,
            Resize::Squish => offset.first(rest) == self.crop_offset.first(rest),
            Resize::Letterbox => rest == 0,
            // It depends on the longer side.
            Resize::Crop => false,
        }
    }

    /// Columns and rows that are seen of an image of `width` by `height` pixels.
    pub(super) fn axes(&self, width: usize, height: usize) -> [Axis; 2] {
        let (short, long) = (width.min(height), width.max(height));
        let scaled_size = self.scaled_size();
        [width, height].map(|side| {
            let scaled = match self.resize {
                Resize::Squish => scaled_size,
                // As torchvision's and transformers' resize of the shorter side.
                Resize::Crop => side * scaled_size / short,
                // As timm's resize of the longer side.
                Resize::Letterbox => {
                    let ratio = long as f64 / scaled_size as f64;
                    ((side as f64 / ratio).round_ties_even() as usize).max(1)
                }
            };
            Axis::new(side, scaled, self.image_size, self.crop_offset)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interpolation;

    fn preprocess(resize: Resize, image_size: usize, crop_ratio: f64) -> Preprocess {
        Preprocess {
            image_size,
            resize,
            crop_ratio,
            crop_offset: CropOffset::Even,
            interpolation: Interpolation::Bilinear,
            mean: vec![0.5; 3],
            std: vec![0.5; 3],
        }
    }

    #[test]
    fn ratios_become_the_sizes_that_libraries_scale_to() {
        for (image_size, crop_ratio, scaled_size) in [
            (224, 0.875, 256),
            (224, 0.9, 248),
            (224, 0.95, 235),
            (224, 1.0, 224),
            (224, 224.0 / 242.0, 242),
            (384, 384.0 / 439.0, 439),
        ] {
            let preprocess = preprocess(Resize::Crop, image_size, crop_ratio);
            assert_eq!(preprocess.scaled_size(), scaled_size, "{image_size} {crop_ratio}");
        }
        for scaled_size in 224..2240 {
            let preprocess = preprocess(Resize::Crop, 224, 224.0 / scaled_size as f64);
            assert_eq!(preprocess.scaled_size(), scaled_size);
        }
    }

    /// 500 x 333 becomes 384 x 256, of which the columns from 80 and the rows from 16 are seen.
    #[test]
    fn a_crop_is_the_part_that_is_left_after_scaling() {
        let [columns, rows] = preprocess(Resize::Crop, 224, 0.875).axes(500, 333);
        let (start, length) = (80.0 * 500.0 / 384.0, 224.0 * 500.0 / 384.0);
        assert_eq!(columns, Axis { start, length, pixels: 224, bar: 0, scaled: 384, first: 80 });
        let (start, length) = (16.0 * 333.0 / 256.0, 224.0 * 333.0 / 256.0);
        assert_eq!(rows, Axis { start, length, pixels: 224, bar: 0, scaled: 256, first: 16 });
    }

    #[test]
    fn a_middle_between_two_pixels_is_rounded() {
        let first = |offset: CropOffset| [0, 1, 2, 3, 5, 7].map(|rest| offset.first(rest));
        assert_eq!(first(CropOffset::Even), [0, 0, 1, 2, 2, 4]);
        assert_eq!(first(CropOffset::Down), [0, 0, 1, 1, 2, 3]);
    }

    #[test]
    fn offsets_part_only_where_an_odd_rest_is_cut() {
        let alike =
            |resize, crop_ratio| preprocess(resize, 224, crop_ratio).cuts_alike(CropOffset::Down);
        assert!(alike(Resize::Letterbox, 1.0) && alike(Resize::Squish, 1.0));
        assert!(!alike(Resize::Crop, 1.0) && !alike(Resize::Letterbox, 0.875));
        // 24 of 248, 25 of 249 and 27 of 251 pixels.
        let squish = |scaled_size: f64| alike(Resize::Squish, 224.0 / scaled_size);
        assert_eq!([248.0, 249.0, 251.0].map(squish), [true, true, false]);
    }

    #[test]
    fn a_letterbox_may_be_cut_too() {
        // 100 x 40 becomes 32 x 13 (12.8), of which 28 columns are seen above and below bars.
        let [columns, rows] = preprocess(Resize::Letterbox, 28, 0.875).axes(100, 40);
        let seen = |axis: Axis| (axis.start, axis.length, axis.pixels, axis.bar);
        assert_eq!(seen(columns), (6.25, 87.5, 28, 0));
        assert_eq!(seen(rows), (0.0, 40.0, 13, 7));
        // 752 x 224 / 1024 is 164.5, which timm rounds to an even number.
        let [_, rows] = preprocess(Resize::Letterbox, 224, 1.0).axes(1024, 752);
        assert_eq!((rows.pixels, rows.bar), (164, 30));
    }

    #[test]
    fn a_part_never_reaches_beyond_the_image() {
        for side in 1..400 {
            for resize in [Resize::Crop, Resize::Letterbox, Resize::Squish] {
                let axes = preprocess(resize, 224, 0.9).axes(side, 257);
                for (axis, side) in axes.into_iter().zip([side, 257]) {
                    assert!(axis.start >= 0.0 && axis.length > 0.0, "{side} {axis:?}");
                    assert!(axis.start + axis.length <= side as f64, "{side} {axis:?}");
                }
            }
        }
    }
}
