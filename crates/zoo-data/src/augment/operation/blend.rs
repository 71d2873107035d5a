//! Images drawn towards another, or away from it: black, their mean grey, their own grey.

use super::{Operation, table::look_up};
use crate::{Image, image::luma};

/// Mixes the image with black. A factor of 0 is black, 1 the image, 2 twice as bright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brightness {
    /// 0 or more.
    pub factor: f32,
}

/// Mixes the image with the mean of its luma. A factor of 0 is that grey, 1 the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// 0 or more.
    pub factor: f32,
}

/// Mixes the image with its grey form. A factor of 0 is grey, 1 the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// 0 or more.
    pub factor: f32,
}

impl Operation for Brightness {
    fn apply(&self, image: Image) -> Image {
        look_up(image, |value| blend(value, 0.0, self.factor))
    }

    fn caption(&self) -> String {
        format!("brightness {:.2}", self.factor)
    }
}

impl Operation for Contrast {
    fn apply(&self, image: Image) -> Image {
        let sum: u64 = match image.channels() {
            1 => image.pixels().iter().map(|&value| u64::from(value)).sum(),
            _ => image.pixels().chunks_exact(3).map(|pixel| u64::from(luma(pixel))).sum(),
        };
        let mean = sum as f64 / (image.width() * image.height()) as f64;
        look_up(image, |value| blend(value, mean as f32, self.factor))
    }

    fn caption(&self) -> String {
        format!("contrast {:.2}", self.factor)
    }
}

impl Operation for Saturation {
    fn apply(&self, mut image: Image) -> Image {
        if image.channels() == 3 {
            for pixel in image.pixels_mut().chunks_exact_mut(3) {
                let grey = f32::from(luma(pixel));
                pixel.iter_mut().for_each(|value| *value = blend(*value, grey, self.factor));
            }
        }
        image
    }

    fn caption(&self) -> String {
        format!("saturation {:.2}", self.factor)
    }
}

/// `factor` of the way from `other` to `value`, or beyond; what is after the point is cut off.
fn blend(value: u8, other: f32, factor: f32) -> u8 {
    // A conversion to bytes saturates.
    (f32::from(value) * factor + other * (1.0 - factor)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey() -> Image {
        Image::new(4, 1, 1, vec![0, 50, 100, 250])
    }

    #[test]
    fn brightness_scales_and_saturates() {
        let bright = |factor| Brightness { factor }.apply(grey()).pixels().to_vec();
        assert_eq!(bright(0.5), [0, 25, 50, 125]);
        assert_eq!(bright(1.5), [0, 75, 150, 255]);
        assert_eq!(bright(0.0), [0; 4]);
    }

    #[test]
    fn contrast_leaves_the_mean() {
        let contrast = |factor| Contrast { factor }.apply(grey()).pixels().to_vec();
        assert_eq!(contrast(0.5), [50, 75, 100, 175]);
        assert_eq!(contrast(2.0), [0, 0, 100, 255]);
        assert_eq!(contrast(0.0), [100; 4]);
    }

    #[test]
    fn saturation_is_measured_from_the_luma() {
        let pixel = Image::new(1, 1, 3, vec![200, 100, 0]);
        let saturated = |factor| Saturation { factor }.apply(pixel.clone()).pixels().to_vec();
        assert_eq!(saturated(0.0), [119; 3]);
        assert_eq!(saturated(0.5), [159, 109, 59]);
        assert_eq!(saturated(2.0), [255, 81, 0]);
        assert_eq!(Saturation { factor: 0.0 }.apply(grey()), grey());
    }
}
