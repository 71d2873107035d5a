//! Images with the border of zeros that a convolution needs, channels last.

use std::ops::Range;

use crate::flex::{
    conv::geometry::Geometry,
    simd::kernel,
    tensor::{Flat, is_channels_last, values},
};

/// Images, dense in either order.
#[derive(Clone, Copy)]
pub(crate) struct Images<'a> {
    values: &'a [f32],
    channels_last: bool,
}

impl<'a> Images<'a> {
    /// # Panics
    /// If the tensor is not dense.
    pub(crate) fn new(tensor: &'a Flat) -> Self {
        let channels_last = is_channels_last(tensor);
        assert!(channels_last || tensor.is_contiguous());
        Self { values: values(tensor), channels_last }
    }

    /// Copies rows of image `index` to `target`, channels last and with a border of zeros.
    ///
    /// `first_row` counts in the padded image; `target` has as many rows as it has room for.
    pub(crate) fn pad(&self, index: usize, border: &Border, first_row: usize, target: &mut [f32]) {
        let Border { size: [_, width], channels, before: [_, left], width: padded } = *border;
        for (row, line) in target.chunks_exact_mut(padded * channels).enumerate() {
            let Some(row) = self.row(index, border, first_row + row) else {
                line.fill(0.0);
                continue;
            };
            let (before, rest) = line.split_at_mut(left * channels);
            let (pixels, after) = rest.split_at_mut(width * channels);
            before.fill(0.0);
            after.fill(0.0);
            row.copy(pixels);
        }
    }

    /// A row of image `index`, counted in the padded image; none if it is all border.
    pub(crate) fn row(&self, index: usize, border: &Border, row: usize) -> Option<Row<'a>> {
        let Border { size: [height, width], channels, before: [top, _], .. } = *border;
        let row = row.checked_sub(top).filter(|row| *row < height)?;
        let image = &self.values[index * height * width * channels..][..height * width * channels];
        Some(match self.channels_last {
            true => Row::Pixels(&image[row * width * channels..][..width * channels]),
            false => {
                Row::Planes { from: &image[row * width..], plane: height * width, channels, width }
            }
        })
    }

    /// These rows of the padded image `index` as they are, if they need no border and are in order.
    pub(crate) fn plain(
        &self,
        index: usize,
        border: &Border,
        rows: Range<usize>,
    ) -> Option<&'a [f32]> {
        let Border { size: [height, width], channels, before, width: padded } = *border;
        let is_plain =
            self.channels_last && before == [0, 0] && padded == width && rows.end <= height;
        let line = width * channels;
        let first = index * height + rows.start;
        is_plain.then(|| &self.values[first * line..][..rows.len() * line])
    }
}

/// An image and the zeros round it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Border {
    /// Rows and columns of the image.
    pub(crate) size: [usize; 2],
    pub(crate) channels: usize,
    /// Zeros above and to the left.
    pub(crate) before: [usize; 2],
    /// Pixels across the padded image.
    pub(crate) width: usize,
}

impl Border {
    /// Of the input of a convolution.
    pub(crate) fn of_input(geometry: &Geometry) -> Self {
        let [vertical, horizontal] = geometry.shape.padding;
        Self {
            size: geometry.input,
            channels: geometry.channels,
            before: [vertical.0, horizontal.0],
            width: geometry.padded_width(),
        }
    }
}

/// A row of an image.
pub(crate) enum Row<'a> {
    /// Channels last.
    Pixels(&'a [f32]),
    /// Planes of each channel, `plane` elements apart, of which each begins with the row.
    Planes { from: &'a [f32], plane: usize, channels: usize, width: usize },
}

impl Row<'_> {
    /// Writes it, channels last.
    ///
    /// # Panics
    /// If `pixels` has another length.
    pub(crate) fn copy(self, pixels: &mut [f32]) {
        match self {
            Self::Pixels(values) => pixels.copy_from_slice(values),
            Self::Planes { from, plane, channels: 3, width } => {
                let planes = [0, 1, 2].map(|channel| &from[channel * plane..][..width]);
                interleave_colours(planes, pixels);
            }
            Self::Planes { from, plane, channels, width } => {
                interleave(from, plane, width, channels, pixels);
            }
        }
    }
}

kernel! {
    /// The pixels of an image of three channels.
    fn interleave_colours<S>(simd: S, planes: [&[f32]; 3], pixels: &mut [f32]) {
        let _ = simd;
        let [red, green, blue] = planes;
        let planes = red.iter().zip(green).zip(blue);
        for (pixel, ((red, green), blue)) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(planes) {
            *pixel = [*red, *green, *blue];
        }
    }
}

/// One row of pixels, channels last, from planes that are `plane` elements apart.
fn interleave(planes: &[f32], plane: usize, width: usize, channels: usize, pixels: &mut [f32]) {
    const BLOCK: usize = 16;
    for first in (0..width).step_by(BLOCK) {
        let columns = first..width.min(first + BLOCK);
        for channel in 0..channels {
            for column in columns.clone() {
                pixels[column * channels + channel] = planes[channel * plane + column];
            }
        }
    }
}
