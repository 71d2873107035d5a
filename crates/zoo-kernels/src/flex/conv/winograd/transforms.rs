//! The transforms of tiles, for many channels at once.

use super::correlation::{Correlation, KERNEL, PATCH, POSITIONS, TILE, Tile};
use super::matrices::{Square, of_gradient, of_input, of_products, of_weights};
use crate::flex::epilogue::Epilogue;
use crate::flex::simd::{columns, kernel, load, store};
use pulp::Simd;

/// Tiles processed together: enough that fetching weights from the third-level cache pays off, and
/// few enough that the tiles at a position stay in the second.
pub(super) const SLAB: usize = 48;

/// A slab of transformed tiles: for each position a matrix, tiles by channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab {
    /// Floats of a row, which may be more than there are channels.
    pub(super) width: usize,
    /// From one position to the next.
    pub(super) stride: usize,
}

impl Slab {
    pub(super) fn new(width: usize) -> Self {
        // A cache line more than needed: without it the positions of a tile would often lie a power
        // of two apart, and push one another out of the cache.
        Self { width, stride: SLAB * width + 16 }
    }

    /// Floats altogether.
    pub(super) fn length(self) -> usize {
        POSITIONS * self.stride
    }
}

kernel! {
    /// Writes `Bᵀ d B` of every tile's patch `d` to `output`, for one block of the kernel after the
    /// other.
    pub(super) fn transform_input<S>(
        simd: S,
        correlation: &Correlation,
        images: &[f32],
        zeros: &[f32],
        tiles: &[Tile],
        slab: Slab,
        output: &mut [f32],
    ) {
        let [down, across] = correlation.blocks;
        for (number, tile) in tiles.iter().enumerate() {
            for block in 0..down * across {
                let patch = correlation.patch(images, zeros, tile, block);
                let first = number * slab.width + block * correlation.channels;
                for channels in columns(simd, correlation.channels) {
                    let mut values = [[simd.splat_f32s(0.0); PATCH]; PATCH];
                    for (values, patch) in values.iter_mut().zip(&patch) {
                        for (value, pixel) in values.iter_mut().zip(patch) {
                            *value = load(simd, &pixel[channels.clone()]);
                        }
                    }
                    let values = of_input(simd, values);
                    let output = &mut output[first + channels.start..];
                    put(simd, values, output, slab.stride, channels.len());
                }
            }
        }
    }
}

kernel! {
    /// Writes `Aᵀ m A` of the products `m` of every tile, finished with `epilogue`, to the outputs
    /// that lie within the image. `output` starts at the row of the tile `first`.
    pub(super) fn transform_output<S>(
        simd: S,
        correlation: &Correlation,
        products: &[f32],
        tiles: &[Tile],
        slab: Slab,
        epilogue: Option<Epilogue<'_>>,
        first: Tile,
        output: &mut [f32],
    ) {
        let [height, width] = correlation.output;
        let features = correlation.features;
        let origin = first.image * height + first.row;
        let start_of_output = origin * width * features;
        for (number, tile) in tiles.iter().enumerate() {
            let (rows, across) = (TILE.min(height - tile.row), TILE.min(width - tile.column));
            let line = tile.image * height + tile.row - origin;
            let corner = (line * width + tile.column) * features;
            for channels in columns(simd, features) {
                let start = number * slab.width + channels.start;
                let products = take(simd, &products[start..], slab.stride, channels.len());
                let values = of_products(simd, products);
                let epilogue = epilogue.map(#[inline(always)] |epilogue| epilogue.at(simd, channels.clone()));
                for (row, values) in values.iter().enumerate().take(rows) {
                    for (column, value) in values.iter().enumerate().take(across) {
                        let pixel = corner + (row * width + column) * features;
                        let target = &mut output[pixel + channels.start..pixel + channels.end];
                        let value = match epilogue {
                            Some(epilogue) => {
                                let place = start_of_output + pixel + channels.start;
                                epilogue.apply(simd, *value, place)
                            }
                            None => *value,
                        };
                        store(simd, target, value);
                    }
                }
            }
        }
    }
}

kernel! {
    /// Writes `A g Aᵀ` of the gradient `g` of the outputs of every tile to `output`.
    pub(super) fn transform_gradient<S>(
        simd: S,
        correlation: &Correlation,
        gradient: &[f32],
        tiles: &[Tile],
        slab: Slab,
        output: &mut [f32],
    ) {
        let [height, width] = correlation.output;
        let features = correlation.features;
        for (number, tile) in tiles.iter().enumerate() {
            let (rows, across) = (TILE.min(height - tile.row), TILE.min(width - tile.column));
            let corner = ((tile.image * height + tile.row) * width + tile.column) * features;
            for channels in columns(simd, features) {
                let mut values = [[simd.splat_f32s(0.0); TILE]; TILE];
                for (row, values) in values.iter_mut().enumerate().take(rows) {
                    for (column, value) in values.iter_mut().enumerate().take(across) {
                        let pixel = corner + (row * width + column) * features;
                        *value = load(simd, &gradient[pixel + channels.start..pixel + channels.end]);
                    }
                }
                let values = of_gradient(simd, values);
                let start = number * slab.width + channels.start;
                put(simd, values, &mut output[start..], slab.stride, channels.len());
            }
        }
    }
}

kernel! {
    /// Writes `G w Gᵀ` of the kernels of some channels to the lines of `output`, one for each
    /// position; `planes` are the kernels' elements, one after the other for all channels.
    pub(super) fn transform_kernels<S>(
        simd: S,
        planes: &[f32],
        output: &mut [&mut [f32]; POSITIONS],
    ) {
        let count = planes.len() / (KERNEL * KERNEL);
        for channels in columns(simd, count) {
            let mut values = [[simd.splat_f32s(0.0); KERNEL]; KERNEL];
            for (element, value) in values.as_flattened_mut().iter_mut().enumerate() {
                *value = load(simd, &planes[element * count..][channels.clone()]);
            }
            let values = of_weights(simd, values);
            for (line, value) in output.iter_mut().zip(values.as_flattened()) {
                store(simd, &mut line[channels.clone()], *value);
            }
        }
    }
}

/// Writes up to a vector of `count` channels to each position.
#[inline(always)]
fn put<S: Simd>(
    simd: S,
    values: Square<S, PATCH>,
    output: &mut [f32],
    stride: usize,
    count: usize,
) {
    let values = values.as_flattened().iter().enumerate();
    // Whole vectors are told apart once, not at each position.
    if count == S::F32_LANES {
        for (position, value) in values {
            store(simd, &mut output[position * stride..][..S::F32_LANES], *value);
        }
    } else {
        for (position, value) in values {
            store(simd, &mut output[position * stride..][..count], *value);
        }
    }
}

/// Reads up to a vector of `count` channels from each position.
#[inline(always)]
fn take<S: Simd>(simd: S, products: &[f32], stride: usize, count: usize) -> Square<S, PATCH> {
    let mut values = [[simd.splat_f32s(0.0); PATCH]; PATCH];
    let positions = values.as_flattened_mut().iter_mut().enumerate();
    if count == S::F32_LANES {
        for (position, value) in positions {
            *value = load(simd, &products[position * stride..][..S::F32_LANES]);
        }
    } else {
        for (position, value) in positions {
            *value = load(simd, &products[position * stride..][..count]);
        }
    }
    values
}
