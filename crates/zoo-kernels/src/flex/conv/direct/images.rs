//! Images with the border of zeros that a convolution needs, channels last.

use std::ops::Range;

use crate::flex::{
    conv::geometry::Geometry,
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
        let Border { size: [height, width], channels, before: [top, left], width: padded } =
            *border;
        let image = &self.values[index * height * width * channels..][..height * width * channels];
        for (row, line) in target.chunks_exact_mut(padded * channels).enumerate() {
            let Some(row) = (first_row + row).checked_sub(top).filter(|row| *row < height) else {
                line.fill(0.0);
                continue;
            };
            let (before, rest) = line.split_at_mut(left * channels);
            let (pixels, after) = rest.split_at_mut(width * channels);
            before.fill(0.0);
            after.fill(0.0);
            if self.channels_last {
                pixels.copy_from_slice(&image[row * width * channels..][..width * channels]);
            } else {
                interleave(&image[row * width..], height * width, width, channels, pixels);
            }
        }
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
