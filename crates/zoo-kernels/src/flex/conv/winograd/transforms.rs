//! The transforms of tiles, for many channels at once.

use super::{
    correlation::{Correlation, KERNEL, PATCH, POSITIONS, TILE, Tile},
    matrices::{Square, of_gradient, of_input, of_products, of_weights},
};
use crate::flex::{
    epilogue::Epilogue,
    simd::{columns, kernel, load, store},
};
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
                let first = number * slab.width + block * correlation.channels;
                let output = &mut output[first..];
                if let Some(window) = correlation.window(images, tile, block) {
                    let line = correlation.input[1] * correlation.channels;
                    transform_patch(simd, correlation.channels, slab, output, #[inline(always)] |row, column| {
                        &window[row * line + column * correlation.channels..]
                    });
                    continue;
                }
                let patch = correlation.patch(images, zeros, tile, block);
                transform_patch(simd, correlation.channels, slab, output, #[inline(always)] |row, column| patch[row][column]);
            }
        }
    }
}

/// Writes `Bᵀ d B` of the patch whose `pixel`s start at a row and a column.
#[inline(always)]
fn transform_patch<'a, S: Simd>(
    simd: S,
    channels: usize,
    slab: Slab,
    output: &mut [f32],
    pixel: impl Fn(usize, usize) -> &'a [f32],
) {
    for channels in columns(simd, channels) {
        let (first, count) = (channels.start, channels.len());
        let mut values = [[simd.splat_f32s(0.0); PATCH]; PATCH];
        // Whole vectors are told apart once, not at each pixel.
        if count == S::F32_LANES {
            for (row, values) in values.iter_mut().enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    *value = load(simd, &pixel(row, column)[first..][..S::F32_LANES]);
                }
            }
        } else {
            for (row, values) in values.iter_mut().enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    *value = load(simd, &pixel(row, column)[first..][..count]);
                }
            }
        }
        let values = of_input(simd, values);
        put(simd, values, &mut output[channels.start..], slab.stride, channels.len());
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
                let corner = Corner {
                    first: corner + channels.start,
                    line: width * features,
                    pixel: features,
                    rows,
                    across,
                };
                let count = channels.len();
                match epilogue {
                    None => corner.fill(simd, values, count, output, #[inline(always)] |value, _| value),
                    Some(epilogue) => {
                        let epilogue = epilogue.at(simd, channels);
                        corner.fill(simd, values, count, output, #[inline(always)] |value, place| {
                            epilogue.apply(simd, value, start_of_output + place)
                        });
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
                let corner = Corner { first: corner + channels.start, line: width * features, pixel: features, rows, across };
                let values = of_gradient(simd, corner.read(simd, channels.len(), gradient));
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

/// Where the outputs of a tile go, as far as they lie within the image.
#[derive(Clone, Copy)]
struct Corner {
    /// The first element.
    first: usize,
    /// From a row to the next, and from a pixel to the next.
    line: usize,
    pixel: usize,
    rows: usize,
    across: usize,
}

impl Corner {
    fn is_whole(self) -> bool {
        [self.rows, self.across] == [TILE; 2]
    }

    /// What [`fill`](Self::fill) would write to; 0 outside the image.
    #[inline(always)]
    fn read<S: Simd>(self, simd: S, count: usize, gradient: &[f32]) -> Square<S, TILE> {
        let mut values = [[simd.splat_f32s(0.0); TILE]; TILE];
        let place = |row, column| self.first + row * self.line + column * self.pixel;
        if self.is_whole() && count == S::F32_LANES {
            for (row, values) in values.iter_mut().enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    *value = load(simd, &gradient[place(row, column)..][..S::F32_LANES]);
                }
            }
            return values;
        }
        for (row, values) in values.iter_mut().enumerate().take(self.rows) {
            for (column, value) in values.iter_mut().enumerate().take(self.across) {
                *value = load(simd, &gradient[place(row, column)..][..count]);
            }
        }
        values
    }

    /// Stores what `finish` makes of each of the `values` and of its place: `count` channels of a pixel.
    #[inline(always)]
    fn fill<S: Simd>(
        self,
        simd: S,
        values: Square<S, TILE>,
        count: usize,
        output: &mut [f32],
        finish: impl Fn(S::f32s, usize) -> S::f32s,
    ) {
        let place = |row, column| self.first + row * self.line + column * self.pixel;
        // Whole tiles are told apart once, so that the values stay in registers.
        if self.is_whole() && count == S::F32_LANES {
            for (row, values) in values.iter().enumerate() {
                for (column, value) in values.iter().enumerate() {
                    let place = place(row, column);
                    store(simd, &mut output[place..][..S::F32_LANES], finish(*value, place));
                }
            }
            return;
        }
        for (row, values) in values.iter().enumerate().take(self.rows) {
            for (column, value) in values.iter().enumerate().take(self.across) {
                let place = place(row, column);
                store(simd, &mut output[place..place + count], finish(*value, place));
            }
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
