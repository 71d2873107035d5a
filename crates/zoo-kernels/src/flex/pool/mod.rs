//! Max pooling of channels-last images; windows may overlap and reach into a border that never
//! wins.

mod windows;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    scratch::with_scratch,
    tensor::{Flat, channels_last, dims, into_channels_last, uninit, values},
};
use windows::{largest, largest_and_places, spread};

/// Windows of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolShape {
    /// Rows and columns of a window; at most [`LARGEST_WINDOW`](crate::flex::LARGEST_WINDOW)
    /// pixels.
    pub(crate) kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub(crate) stride: [usize; 2],
    /// Pixels before and after the rows, then the columns, of an image.
    pub(crate) padding: [(usize, usize); 2],
}

#[derive(Clone, Copy, Debug)]
struct Geometry {
    batch: usize,
    channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    shape: PoolShape,
}

impl Geometry {
    fn new([batch, channels, height, width]: [usize; 4], shape: PoolShape) -> Self {
        let side = |size: usize, axis: usize| {
            let (before, after) = shape.padding[axis];
            let padded = size + before + after;
            assert!(
                shape.kernel[axis] <= padded,
                "a window of {} does not fit {padded} pixels",
                shape.kernel[axis]
            );
            (padded - shape.kernel[axis]) / shape.stride[axis] + 1
        };
        Self {
            batch,
            channels,
            input: [height, width],
            output: [side(height, 0), side(width, 1)],
            shape,
        }
    }

    fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    fn image(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    /// Calls `visit` with the number, the rows and the columns of every window.
    #[inline(always)]
    fn windows(&self, mut visit: impl FnMut(usize, Span, Span)) {
        let columns: Vec<Span> = (0..self.output[1]).map(|column| self.span(1, column)).collect();
        for row in 0..self.output[0] {
            let rows = self.span(0, row);
            for (column, columns) in columns.iter().enumerate() {
                visit(row * self.output[1] + column, rows, *columns);
            }
        }
    }

    fn span(&self, axis: usize, position: usize) -> Span {
        let before = self.shape.padding[axis].0;
        let start = position * self.shape.stride[axis];
        let end = (start + self.shape.kernel[axis]).saturating_sub(before);
        Span {
            first: start.saturating_sub(before),
            end: end.min(self.input[axis]),
            place: before.saturating_sub(start),
        }
    }

    /// Calls `visit` with the place of every pixel of a window within it, and where its channels
    /// start.
    #[inline(always)]
    fn pixels_of(&self, rows: Span, columns: Span, mut visit: impl FnMut(u32, usize)) {
        for row in rows.first..rows.end {
            let place = (rows.place + row - rows.first) * self.shape.kernel[1] + columns.place;
            for column in columns.first..columns.end {
                let start = (row * self.input[1] + column) * self.channels;
                visit((place + column - columns.first) as u32, start);
            }
        }
    }
}

/// Rows or columns of a window that are in the image.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    end: usize,
    /// Place of the first within the window.
    place: usize,
}

/// The largest value of each window.
pub(crate) fn forward(input: Flat, shape: PoolShape) -> Flat {
    let input = into_channels_last(input);
    let geometry = Geometry::new(dims(&input), shape);
    let size = geometry.pixels() * geometry.channels;
    // SAFETY: `largest` writes every pixel with all its channels.
    let mut output = unsafe { uninit(geometry.batch * size) };
    output
        .par_chunks_exact_mut(size)
        .zip(values(&input).par_chunks_exact(geometry.image()))
        .for_each(|(output, input)| largest(&geometry, input, output));
    finish(output, &geometry)
}

/// [`forward`] of images of `[batch, channels, height, width]` that `make` fills, channels-last and `together` at a
/// time, from the one with the given number on. They are pooled where they were made and then forgotten.
///
/// `make` must write every element.
pub(crate) fn forward_of(
    sizes: [usize; 4],
    shape: PoolShape,
    together: usize,
    make: impl Fn(usize, &mut [f32]) + Sync,
) -> Flat {
    let geometry = Geometry::new(sizes, shape);
    let size = geometry.pixels() * geometry.channels;
    // SAFETY: `largest` writes every pixel with all its channels.
    let mut output = unsafe { uninit(geometry.batch * size) };
    let run = |(number, output): (usize, &mut [f32])| {
        let outputs = output.chunks_exact_mut(size);
        with_scratch(outputs.len() * geometry.image(), |images| {
            make(number * together, images);
            for (output, image) in outputs.zip(images.chunks_exact(geometry.image())) {
                largest(&geometry, image, output);
            }
        });
    };
    match together >= geometry.batch {
        true => run((0, &mut output)),
        false => output.par_chunks_mut(together * size).enumerate().for_each(run),
    }
    finish(output, &geometry)
}

fn finish(output: Vec<f32>, geometry: &Geometry) -> Flat {
    let [height, width] = geometry.output;
    channels_last(output, [geometry.batch, geometry.channels, height, width])
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(input: Tracked, shape: PoolShape) -> Tracked {
    let (input, node) = input.into_parts();
    let input = into_channels_last(input);
    let geometry = Geometry::new(dims(&input), shape);
    differentiable::<C, _, _>(
        [node],
        || {
            let size = geometry.pixels() * geometry.channels;
            // SAFETY: `largest_and_places` writes every pixel with all its channels.
            let mut output = unsafe { uninit(geometry.batch * size) };
            let mut places = vec![0; geometry.batch * size];
            output
                .par_chunks_exact_mut(size)
                .zip(places.par_chunks_exact_mut(size))
                .zip(values(&input).par_chunks_exact(geometry.image()))
                .for_each(|((output, places), input)| {
                    largest_and_places(&geometry, input, output, places);
                });
            ((Arc::new(places), geometry), finish(output, &geometry))
        },
        |(places, geometry), gradient, _| [Some(backward(&places, &geometry, gradient))],
    )
}

fn backward(places: &[u8], geometry: &Geometry, gradient: Flat) -> Flat {
    let gradient = into_channels_last(gradient);
    let size = geometry.pixels() * geometry.channels;
    // SAFETY: `spread` clears every image first.
    let mut output = unsafe { uninit(geometry.batch * geometry.image()) };
    output
        .par_chunks_exact_mut(geometry.image())
        .zip(places.par_chunks_exact(size))
        .zip(values(&gradient).par_chunks_exact(size))
        .for_each(|((output, places), gradient)| spread(geometry, gradient, places, output));
    let [height, width] = geometry.input;
    channels_last(output, [geometry.batch, geometry.channels, height, width])
}
