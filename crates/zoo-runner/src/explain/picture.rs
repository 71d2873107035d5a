//! Pictures made of pictures.

use zoo_data::Image;

use super::{Maps, colour::magma};

/// Pixels between two pictures.
const GAP: usize = 1;
/// What shows between them, on light pages and dark ones.
const GROUND: [u8; 3] = [128; 3];
/// The colour of a frame.
const FRAME: [u8; 3] = [255, 214, 10];

/// Pictures of one size side by side and below each other, about as wide as high.
///
/// # Panics
///
/// If there are none, or their sizes differ.
pub fn mosaic(pictures: &[Image]) -> Image {
    let columns = (pictures.len() as f64).sqrt().ceil() as usize;
    let rows = pictures.len().div_ceil(columns);
    let (width, height) = (pictures[0].width(), pictures[0].height());
    let length = |count: usize, side: usize| count * (side + GAP) - GAP;
    let mut whole = Image::filled(length(columns, width), length(rows, height), &GROUND);
    for (index, picture) in pictures.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let picture = picture.clone().with_channels(3);
        whole.paste(&picture, column * (width + GAP), row * (height + GAP));
    }
    whole
}

/// A map in colours, from its smallest value to its largest.
pub fn map(maps: &Maps, channel: usize) -> Image {
    let values = maps.map(channel);
    let range = |pick: fn(f32, f32) -> f32| values.iter().copied().reduce(pick).unwrap_or(0.0);
    let (low, high) = (range(f32::min), range(f32::max));
    let spread = if high > low { high - low } else { 1.0 };
    let pixels = values.iter().flat_map(|value| magma((value - low) / spread)).collect();
    Image::new(maps.size[1], maps.size[0], 3, pixels)
}

/// Numbers around 0 as grey, or as colours if there are three channels: 0 is the middle, the
/// farthest is black or full.
///
/// # Panics
///
/// If `values`, CHW, have neither 1 nor 3 channels.
pub fn around_zero(values: &[f32], [height, width]: [usize; 2]) -> Image {
    let largest = values.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let places = height * width;
    let channels = values.len() / places;
    let byte = |value: f32| (127.5 + 127.5 * value / largest).round() as u8;
    let pixels = (0..places)
        .flat_map(|place| (0..channels).map(move |channel| byte(values[channel * places + place])))
        .collect();
    Image::new(width, height, channels, pixels)
}

/// A picture enlarged by `scale` with a frame around some of its pixels.
pub fn framed(
    image: &Image,
    scale: usize,
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
) -> Image {
    let mut picture = image.clone().with_channels(3).enlarged(scale);
    let (right, bottom) = ((left + width) * scale - 1, (top + height) * scale - 1);
    let (left, top) = (left * scale, top * scale);
    let thick = (scale / 4).clamp(1, 3);
    for row in top..=bottom {
        let is_edge = row < top + thick || row + thick > bottom;
        let pixels = picture.row_mut(row);
        for column in left..=right {
            if is_edge || column < left + thick || column + thick > right {
                pixels[3 * column..][..3].copy_from_slice(&FRAME);
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mosaic_fills_its_rows() {
        let [one, two] = [1, 2].map(|grey| Image::filled(1, 1, &[grey]));
        let whole = mosaic(&[one.clone(), two, one]);
        assert_eq!((whole.width(), whole.height()), (3, 3));
        assert_eq!(whole.row(0), [1, 1, 1, 128, 128, 128, 2, 2, 2]);
        assert_eq!(whole.row(2), [1, 1, 1, 128, 128, 128, 128, 128, 128]);
    }

    #[test]
    fn zero_is_the_middle() {
        let image = around_zero(&[-2.0, 0.0, 1.0, 2.0], [2, 2]);
        assert_eq!(image.pixels(), [0, 128, 191, 255]);
        let rgb = around_zero(&[1.0, -1.0, 0.0], [1, 1]);
        assert_eq!(rgb.pixels(), [255, 0, 128]);
        assert_eq!(around_zero(&[0.0], [1, 1]).pixels(), [128]);
    }

    #[test]
    fn a_frame_lies_within_its_pixels() {
        let picture = framed(&Image::filled(3, 3, &[0]), 1, [1, 1], [1, 2]);
        let framed: Vec<bool> = picture.pixels().chunks(3).map(|pixel| pixel == FRAME).collect();
        assert_eq!(framed, [false, false, false, false, true, true, false, false, false]);
    }
}
