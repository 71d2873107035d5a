//! Bringing an image of any size and shape to a square.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{InnerPixel, U8, U8x3},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Interpolation, Preprocess, geometry::Axis};
use crate::Image;

mod blocks;
mod thumbnail;

/// How images of another size or shape are resized to the square that the network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Crop the largest central square and scale it. What is outside is lost.
    Crop,
    /// The whole image, scaled so that its longer side fits, and centred between two bars of the
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

impl Preprocess {
    /// The image as the square that the network sees. One that is this square already comes back
    /// untouched.
    pub(super) fn square(&self, image: Image) -> Image {
        let size = self.image_size;
        if (image.width(), image.height(), self.scaled_size()) == (size, size, size) {
            return image;
        }
        let [columns, rows] = self.axes(image.width(), image.height());
        let scaled = match self.interpolation.filter() {
            Some(filter) => filtered(&image, filter, columns, rows),
            None => {
                let blocks = match self.interpolation {
                    Interpolation::Nearest => blocks::nearest,
                    _ => blocks::under,
                };
                let [columns, rows] =
                    [blocks(&columns, image.width()), blocks(&rows, image.height())];
                blocks::means(&image, &columns, &rows)
            }
        };
        if (scaled.width(), scaled.height()) == (size, size) {
            return scaled;
        }
        let mut square = Image::filled(size, size, &self.mean_colour());
        square.paste(&scaled, columns.bar, rows.bar);
        square
    }
}

/// What is seen of an image, by a filter. Along the rows first, as Pillow and PyTorch do: what is between
/// the two is rounded to bytes.
fn filtered(image: &Image, filter: FilterType, columns: Axis, rows: Axis) -> Image {
    let (height, width) = (image.height(), columns.pixels);
    let part = options(filter).crop(columns.start, 0.0, columns.length, height as f64);
    let narrow = resample(image, part, width, height);
    let part = options(filter).crop(0.0, rows.start, width as f64, rows.length);
    resample(&narrow, part, width, rows.pixels)
}

/// An area of an image, cut out and then scaled to a square of `size` pixels, bilinearly.
///
/// # Panics
/// If the image does not reach that far.
pub(crate) fn cut_and_scale(image: &Image, area: Area, size: usize) -> Image {
    let Area { left, top, width, height } = area;
    let is_inside = left + width <= image.width() && top + height <= image.height();
    assert!(is_inside, "{area:?} of an image of {}x{}", image.width(), image.height());
    let channels = image.channels();
    let rows = image.pixels().chunks(image.width() * channels).skip(top).take(height);
    let pixels: Vec<&[u8]> =
        rows.map(|row| &row[left * channels..(left + width) * channels]).collect();
    let part = Image::new(width, height, channels, pixels.concat());
    resample(&part, options(FilterType::Bilinear), size, size)
}

fn options(filter: FilterType) -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter))
}

/// The part of an image that `options` name, scaled. The resizer is generic over the pixels, and
/// compiled here for those that images have.
fn resample(image: &Image, options: ResizeOptions, width: usize, height: usize) -> Image {
    match image.channels() {
        1 => resample_as::<U8>(image, options, width, height),
        _ => resample_as::<U8x3>(image, options, width, height),
    }
}

fn resample_as<P: InnerPixel + PixelTrait>(
    image: &Image,
    options: ResizeOptions,
    width: usize,
    height: usize,
) -> Image {
    let mut pixels = vec![0; width * height * image.channels()];
    let source = TypedImageRef::<P>::from_buffer(
        image.width() as u32,
        image.height() as u32,
        image.pixels(),
    );
    let source = source.expect("an Image has all its pixels");
    let mut scaled = TypedImage::<P>::from_buffer(width as u32, height as u32, &mut pixels)
        .expect("the pixels are as many as that");
    Resizer::new()
        .resize_typed(&source, &mut scaled, &options)
        .expect("the area is inside the image");
    Image::new(width, height, image.channels(), pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four columns, two rows: 0 10 20 30 and 40 50 60 70.
    fn wide() -> Image {
        Image::new(4, 2, 1, vec![0, 10, 20, 30, 40, 50, 60, 70])
    }

    fn squared(
        resize: Resize,
        image: Image,
        image_size: usize,
        interpolation: Interpolation,
    ) -> Image {
        let colour = vec![1.0; image.channels()];
        let preprocess = Preprocess {
            image_size,
            resize,
            crop_ratio: 1.0,
            crop_offset: Default::default(),
            interpolation,
            mean: colour.clone(),
            std: colour,
        };
        preprocess.square(image)
    }

    fn bilinear(resize: Resize, image: Image, size: usize) -> Image {
        squared(resize, image, size, Interpolation::Bilinear)
    }

    #[test]
    fn crop_takes_the_middle() {
        let cropped = bilinear(Resize::Crop, wide(), 2);
        assert_eq!(cropped, Image::new(2, 2, 1, vec![10, 20, 50, 60]));
        // Rows from 1.5 on would be in the middle: the even one of 1 and 2.
        let tall = Image::new(2, 5, 1, (0..10).collect());
        assert_eq!(bilinear(Resize::Crop, tall, 2), Image::new(2, 2, 1, vec![4, 5, 6, 7]));
    }

    #[test]
    fn a_ratio_crops_further() {
        let square = Image::new(4, 4, 1, (0..16).collect());
        let ratio = |resize| {
            let preprocess = Preprocess {
                image_size: 2,
                resize,
                crop_ratio: 0.5,
                crop_offset: Default::default(),
                interpolation: Interpolation::Bilinear,
                mean: vec![0.0],
                std: vec![1.0],
            };
            preprocess.square(square.clone())
        };
        for resize in [Resize::Crop, Resize::Letterbox, Resize::Squish] {
            assert_eq!(ratio(resize), Image::new(2, 2, 1, vec![5, 6, 9, 10]));
        }
    }

    #[test]
    fn letterbox_keeps_the_whole_between_bars() {
        let boxed = bilinear(Resize::Letterbox, wide(), 4);
        let expected = vec![255, 255, 255, 255, 0, 10, 20, 30, 40, 50, 60, 70, 255, 255, 255, 255];
        assert_eq!(boxed, Image::new(4, 4, 1, expected));
    }

    #[test]
    fn letterbox_never_loses_a_thin_image() {
        let line = Image::filled(1, 3000, &[7, 8, 9]);
        let boxed = bilinear(Resize::Letterbox, line, 2);
        assert_eq!(
            boxed,
            Image::new(2, 2, 3, vec![7, 8, 9, 255, 255, 255, 7, 8, 9, 255, 255, 255])
        );
    }

    #[test]
    fn squish_smooths_before_it_makes_smaller() {
        // A triangle of half-width 2 over columns 0..4, at 1/2 and 3/2 of the new pixels: weights 3
        // 3 1 0 and 0 1 3 3 by sevenths.
        let row = Image::new(4, 1, 1, vec![0, 70, 140, 210]);
        let squished = bilinear(Resize::Squish, row, 2);
        assert_eq!(squished, Image::new(2, 2, 1, vec![50, 160, 50, 160]));
    }

    /// Pillow: `Image.fromarray(row).resize((3, 3), Image.NEAREST)`, then to 9 x 9, and so for the other
    /// filters. Some pixels of the larger row lie between two of the smaller.
    #[test]
    fn interpolations_are_pillows() {
        let row = Image::new(6, 1, 1, vec![0, 40, 255, 10, 90, 200]);
        for (interpolation, expected) in [
            (
                Interpolation::Nearest,
                [vec![40, 10, 200], vec![0, 40, 40, 255, 255, 10, 90, 200, 200]],
            ),
            (Interpolation::Box, [vec![20, 133, 145], vec![0, 40, 40, 255, 10, 10, 90, 200, 200]]),
            (
                Interpolation::Bilinear,
                [vec![54, 116, 126], vec![0, 20, 76, 219, 133, 23, 77, 145, 200]],
            ),
            (
                Interpolation::Hamming,
                [vec![29, 127, 140], vec![0, 20, 46, 249, 133, 12, 88, 145, 200]],
            ),
            (
                Interpolation::Bicubic,
                [vec![48, 120, 126], vec![0, 6, 71, 244, 141, 4, 71, 153, 207]],
            ),
            (
                Interpolation::Lanczos,
                [vec![55, 119, 119], vec![2, 0, 83, 251, 149, 0, 57, 164, 208]],
            ),
        ] {
            let found = [3, 9].map(|size| {
                squared(Resize::Squish, row.clone(), size, interpolation).row(0).to_vec()
            });
            assert_eq!(found, expected, "{interpolation:?}");
        }
    }

    #[test]
    fn enlarging_interpolates() {
        let pair = Image::new(2, 1, 1, vec![0, 100]);
        let squished = bilinear(Resize::Squish, pair, 4);
        assert_eq!(squished.row(0), [0, 25, 75, 100]);
        assert_eq!(squished.row(3), [0, 25, 75, 100]);
    }

    #[test]
    fn the_right_size_passes_untouched() {
        let square = Image::new(2, 2, 3, (0..12).collect());
        for resize in [Resize::Crop, Resize::Letterbox, Resize::Squish] {
            assert_eq!(bilinear(resize, square.clone(), 2), square);
        }
    }
}
