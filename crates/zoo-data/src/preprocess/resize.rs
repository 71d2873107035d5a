//! Bringing an image of any size and shape to a square.

use fast_image_resize::images::{CroppedImage, Image as View, ImageRef};
use fast_image_resize::{IntoImageView, PixelType, ResizeAlg, ResizeOptions, Resizer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Interpolation;
use crate::Image;

mod thumbnail;

/// How an image of another size or shape is brought to the square that the network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// The largest square in the middle, or a smaller one by `crop_ratio`, scaled. What is outside is
    /// lost.
    Crop,
    /// The whole image, scaled so that its longer side fits, in the middle between two bars of the
    /// mean colour. Nothing is lost.
    #[default]
    Letterbox,
    /// The whole image, stretched. Shapes are distorted.
    Squish,
}

/// A part of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Number of columns, at least 1.
    pub width: usize,
    /// Number of rows, at least 1.
    pub height: usize,
}

impl Resize {
    /// The image as a square of `size` pixels; `crop_ratio` is the side of a cropped one in shorter
    /// sides of the image, `bars` the colour beside a letterboxed one.
    ///
    /// An image of the right size comes back untouched.
    pub(crate) fn apply(
        self,
        image: Image,
        size: usize,
        crop_ratio: f64,
        interpolation: Interpolation,
        bars: &[u8],
    ) -> Image {
        let (width, height) = (image.width(), image.height());
        if (width, height) == (size, size) && crop_ratio == 1.0 {
            return image;
        }
        let whole = Area { left: 0, top: 0, width, height };
        let scale = |area: &Area, width, height| scale(&image, area, width, height, interpolation);
        match self {
            Self::Squish => scale(&whole, size, size),
            Self::Crop => {
                let side = (width.min(height) as f64 * crop_ratio).round().max(1.0) as usize;
                let middle = Area {
                    left: (width - side) / 2,
                    top: (height - side) / 2,
                    width: side,
                    height: side,
                };
                scale(&middle, size, size)
            }
            Self::Letterbox => {
                let longer = width.max(height);
                let fit = |side: usize| ((side * size + longer / 2) / longer).max(1);
                let scaled = scale(&whole, fit(width), fit(height));
                let mut square = Image::filled(size, size, bars);
                square.paste(&scaled, (size - scaled.width()) / 2, (size - scaled.height()) / 2);
                square
            }
        }
    }
}

/// An area of an image, scaled. At its edges, what is beside it shines in.
fn scale(
    image: &Image,
    area: &Area,
    width: usize,
    height: usize,
    interpolation: Interpolation,
) -> Image {
    let options = options(interpolation).crop(
        area.left as f64,
        area.top as f64,
        area.width as f64,
        area.height as f64,
    );
    resample(&view(image), options, width, height)
}

/// An area of an image, cut out and then scaled to a square of `size` pixels, bilinearly.
///
/// # Panics
/// If the image does not reach that far.
pub(crate) fn cut_and_scale(image: &Image, area: Area, size: usize) -> Image {
    let [left, top, width, height] =
        [area.left, area.top, area.width, area.height].map(|pixels| pixels as u32);
    let image = view(image);
    let part = CroppedImage::new(&image, left, top, width, height)
        .unwrap_or_else(|_| panic!("{area:?} of an image of {}x{}", image.width(), image.height()));
    resample(&part, options(Interpolation::Bilinear), size, size)
}

fn view(image: &Image) -> ImageRef<'_> {
    let kind = match image.channels() {
        1 => PixelType::U8,
        _ => PixelType::U8x3,
    };
    ImageRef::new(image.width() as u32, image.height() as u32, image.pixels(), kind)
        .expect("an Image has all its pixels")
}

fn options(interpolation: Interpolation) -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(interpolation.filter()))
}

fn resample(
    source: &impl IntoImageView,
    options: ResizeOptions,
    width: usize,
    height: usize,
) -> Image {
    let kind = source.pixel_type().expect("a view of pixels has their type");
    let mut scaled = View::new(width as u32, height as u32, kind);
    Resizer::new()
        .resize(source, &mut scaled, &options)
        .expect("the area is inside the image and the pixel types are equal");
    let channels = kind.size();
    Image::new(width, height, channels, scaled.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four columns, two rows: 0 10 20 30 and 40 50 60 70.
    fn wide() -> Image {
        Image::new(4, 2, 1, vec![0, 10, 20, 30, 40, 50, 60, 70])
    }

    #[test]
    fn crop_takes_the_middle() {
        let cropped = Resize::Crop.apply(wide(), 2, 1.0, Interpolation::Bilinear, &[255]);
        assert_eq!(cropped, Image::new(2, 2, 1, vec![10, 20, 50, 60]));
        let tall = Image::new(2, 5, 1, (0..10).collect());
        assert_eq!(
            Resize::Crop.apply(tall, 2, 1.0, Interpolation::Bilinear, &[255]),
            Image::new(2, 2, 1, vec![2, 3, 4, 5])
        );
    }

    #[test]
    fn a_ratio_crops_further() {
        let square = Image::new(4, 4, 1, (0..16).collect());
        let cropped = Resize::Crop.apply(square, 2, 0.5, Interpolation::Bilinear, &[255]);
        assert_eq!(cropped, Image::new(2, 2, 1, vec![5, 6, 9, 10]));
    }

    #[test]
    fn letterbox_keeps_the_whole_between_bars() {
        let boxed = Resize::Letterbox.apply(wide(), 4, 1.0, Interpolation::Bilinear, &[255]);
        let expected = vec![255, 255, 255, 255, 0, 10, 20, 30, 40, 50, 60, 70, 255, 255, 255, 255];
        assert_eq!(boxed, Image::new(4, 4, 1, expected));
    }

    #[test]
    fn letterbox_never_loses_a_thin_image() {
        let line = Image::filled(1, 3000, &[7, 8, 9]);
        let boxed = Resize::Letterbox.apply(line, 2, 1.0, Interpolation::Bilinear, &[0, 0, 0]);
        assert_eq!(boxed, Image::new(2, 2, 3, vec![7, 8, 9, 0, 0, 0, 7, 8, 9, 0, 0, 0]));
    }

    #[test]
    fn squish_smooths_before_it_makes_smaller() {
        // A triangle of half-width 2 over columns 0..4, at 1/2 and 3/2 of the new pixels: weights 3
        // 3 1 0 and 0 1 3 3 by sevenths.
        let row = Image::new(4, 1, 1, vec![0, 70, 140, 210]);
        let squished = Resize::Squish.apply(row, 2, 1.0, Interpolation::Bilinear, &[0]);
        assert_eq!(squished, Image::new(2, 2, 1, vec![50, 160, 50, 160]));
    }

    /// Pillow: `Image.fromarray(row).resize((3, 3), Image.BICUBIC)`, then to 9 x 9.
    #[test]
    fn bicubic_is_pillows() {
        let row = Image::new(6, 1, 1, vec![0, 40, 255, 10, 90, 200]);
        let scaled = Resize::Squish.apply(row.clone(), 3, 1.0, Interpolation::Bicubic, &[0]);
        assert_eq!(scaled.row(0), [48, 120, 126]);
        let scaled = Resize::Squish.apply(row, 9, 1.0, Interpolation::Bicubic, &[0]);
        assert_eq!(scaled.row(0), [0, 6, 71, 244, 141, 4, 71, 153, 207]);
    }

    #[test]
    fn enlarging_interpolates() {
        let pair = Image::new(2, 1, 1, vec![0, 100]);
        let squished = Resize::Squish.apply(pair, 4, 1.0, Interpolation::Bilinear, &[0]);
        assert_eq!(squished.row(0), [0, 25, 75, 100]);
        assert_eq!(squished.row(3), [0, 25, 75, 100]);
    }

    #[test]
    fn the_right_size_passes_untouched() {
        let square = Image::new(2, 2, 3, (0..12).collect());
        for resize in [Resize::Crop, Resize::Letterbox, Resize::Squish] {
            assert_eq!(
                resize.apply(square.clone(), 2, 1.0, Interpolation::Bilinear, &[0, 0, 0]),
                square
            );
        }
    }
}
