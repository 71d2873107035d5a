//! Scaling by which each new pixel is the mean of a block of old ones, or one of them.
//!
//! Where the edge of a block falls on that of a pixel, rounding decides whether the pixel belongs to
//! it. All sums are therefore in Pillow's order.

use std::ops::Range;

use super::super::geometry::Axis;
use crate::Image;

/// Bits after the point of Pillow's weights.
const PRECISION: u32 = 22;

/// For each pixel that is seen along a side of `length` pixels, the nearest one.
pub(super) fn nearest(axis: &Axis, length: usize) -> Vec<Range<usize>> {
    let step = length as f64 / axis.scaled as f64;
    let mut place = step * 0.5;
    let mut next = || {
        let pixel = (place as usize).min(length - 1);
        place += step;
        pixel..pixel + 1
    };
    let all = (0..axis.first + axis.pixels).map(|_| next());
    all.skip(axis.first).collect()
}

/// For each pixel that is seen along a side of `length` pixels, those under it.
pub(super) fn under(axis: &Axis, length: usize) -> Vec<Range<usize>> {
    let step = length as f64 / axis.scaled as f64;
    let width = step.max(1.0);
    let block = |pixel: usize| {
        let centre = (pixel as f64 + 0.5) * step;
        let start = (centre - 0.5 * width + 0.5).max(0.0) as usize;
        let end = ((centre + 0.5 * width + 0.5) as usize).min(length);
        let is_under = |pixel: usize| {
            let distance = (pixel as f64 - centre + 0.5) * (1.0 / width);
            distance > -0.5 && distance <= 0.5
        };
        let start = (start..end).find(|pixel| is_under(*pixel)).unwrap_or(start);
        let end = (start..end).rfind(|pixel| is_under(*pixel)).unwrap_or(start) + 1;
        start..end
    };
    (axis.first..axis.first + axis.pixels).map(block).collect()
}

/// The means of blocks of pixels, along the rows and then along the columns.
pub(super) fn means(image: &Image, columns: &[Range<usize>], rows: &[Range<usize>]) -> Image {
    let (channels, height) = (image.channels(), image.height());
    let mut narrow = Vec::with_capacity(columns.len() * height * channels);
    for row in 0..height {
        let row = image.row(row);
        for block in columns {
            narrow.extend(
                (0..channels).map(|channel| {
                    mean(block.clone().map(|column| row[column * channels + channel]))
                }),
            );
        }
    }
    let narrow = Image::new(columns.len(), height, channels, narrow);
    let stride = columns.len() * channels;
    let mut scaled = Vec::with_capacity(stride * rows.len());
    for block in rows {
        scaled
            .extend((0..stride).map(|place| mean(block.clone().map(|row| narrow.row(row)[place]))));
    }
    Image::new(columns.len(), rows.len(), channels, scaled)
}

/// The mean as Pillow rounds it.
fn mean(values: impl ExactSizeIterator<Item = u8>) -> u8 {
    let weight = (0.5 + f64::from(1u32 << PRECISION) / values.len() as f64) as u32;
    let half = 1 << (PRECISION - 1);
    let sum = values.fold(half, |sum, value| sum + u32::from(value) * weight);
    (sum >> PRECISION).min(255) as u8
}
