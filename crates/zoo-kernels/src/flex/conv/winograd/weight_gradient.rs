//! The gradient with respect to the weights.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    correlation::{Correlation, KERNEL, PATCH, POSITIONS, Tile},
    matrices::of_sums,
    transforms::{SLAB, Slab, transform_gradient, transform_input},
};
use crate::flex::{
    conv::geometry::Geometry,
    panels::{Panel, panels},
    scratch::with_scratch,
    simd::{columns, kernel, load, store},
    tensor::{Flat, into_channels_last, row_major, uninit, values},
    tile::{Finish, Product, Segment, rows_of},
};

/// Most partial sums that the gradient is added up from, and fewest tiles of one: a partial sum is
/// as large as all weights. Both are fixed, so that the sum does not depend on the threads.
const PARTS: usize = 8;
const TILES: usize = 4 * SLAB;

/// Features that are brought into order together: a cache line of them.
const TOGETHER: usize = 16;

struct Job<'a> {
    correlation: Correlation,
    /// Channels-last.
    images: &'a [f32],
    /// Channels-last.
    gradient: &'a [f32],
    zeros: Vec<f32>,
    panels: Vec<Panel>,
    /// The layout of a slab of transformed tiles.
    of_images: Slab,
    of_gradient: Slab,
    /// Where each channel of each block of the kernel starts in the transformed images, and in the
    /// sums.
    starts: Vec<usize>,
    targets: Vec<usize>,
}

/// The gradient with respect to the weights, from channels-last `gradient`.
pub(crate) fn weight_gradient(geometry: &Geometry, input: Flat, gradient: &Flat) -> Flat {
    let input = into_channels_last(input);
    let correlation = Correlation::of_input(geometry);
    let Correlation { batch, channels, features, .. } = correlation;
    let depth = correlation.depth();
    let panels = panels(features);
    let job = Job {
        correlation,
        images: values(&input),
        gradient: values(gradient),
        zeros: vec![0.0; channels],
        of_images: Slab::new(depth),
        of_gradient: Slab::new(width_of(&panels)),
        panels,
        starts: (0..depth).collect(),
        targets: (0..depth).map(|element| element * features).collect(),
    };
    let part = batch.div_ceil(PARTS).max(TILES.div_ceil(correlation.tiles_of_an_image()));
    let parts: Vec<Vec<f32>> = (0..batch.div_ceil(part))
        .into_par_iter()
        .map(|number| job.part(number * part..batch.min((number + 1) * part)))
        .collect();
    let [rows, columns] = geometry.kernel;
    row_major(add_up(geometry, &correlation, &parts), [features, channels, rows, columns])
}

kernel! {
    /// Floats that the panels take side by side.
    fn width_of<S>(simd: S, panels: &[Panel]) -> usize {
        let _ = simd;
        panels.iter().map(|panel| panel.vectors * S::F32_LANES).sum()
    }
}

impl Job<'_> {
    /// The sum over `images`: for each position, (block, channel) by features.
    fn part(&self, images: Range<usize>) -> Vec<f32> {
        let correlation = &self.correlation;
        let tiles: Vec<Tile> = correlation.tiles(images, 0..correlation.output[0]);
        // SAFETY: the first slab stores its products before the others add theirs.
        let mut sums = unsafe { uninit(POSITIONS * correlation.depth() * correlation.features) };
        with_scratch(self.of_images.length() + self.of_gradient.length(), |scratch| {
            let (images, gradient) = scratch.split_at_mut(self.of_images.length());
            // What lies beyond the features is multiplied, too, and must not be slow to.
            gradient.fill(0.0);
            for (number, tiles) in tiles.chunks(SLAB).enumerate() {
                let (slab, zeros) = (self.of_images, self.zeros.as_slice());
                transform_input(correlation, self.images, zeros, tiles, slab, images);
                let slab = self.of_gradient;
                transform_gradient(correlation, self.gradient, tiles, slab, gradient);
                let finish = if number == 0 { Finish::Store } else { Finish::Add };
                multiply(self, tiles.len(), images, gradient, &mut sums, finish);
            }
        });
        sums
    }
}

kernel! {
    /// Finishes `sums` with the products at all positions.
    fn multiply<S>(
        simd: S,
        job: &Job<'_>,
        tiles: usize,
        images: &[f32],
        gradient: &[f32],
        sums: &mut [f32],
        finish: Finish<'_>,
    ) {
        let segments = [Segment { offset: 0, length: tiles }];
        let pairs = job.correlation.depth() * job.correlation.features;
        let left = images.chunks(job.of_images.stride);
        let right = gradient.chunks(job.of_gradient.stride);
        for ((left, right), sums) in left.zip(right).zip(sums.chunks_exact_mut(pairs)) {
            let mut first = 0;
            for panel in &job.panels {
                let product = Product {
                    left,
                    segments: &segments,
                    step: job.of_images.width,
                    right: &right[first..],
                    stride: job.of_gradient.width,
                };
                let rows = rows_of::<S>(panel.vectors);
                for (starts, targets) in job.starts.chunks(rows).zip(job.targets.chunks(rows)) {
                    let sums = &mut sums[panel.first..];
                    let size = (panel.columns, panel.vectors);
                    product.tile(simd, (starts, targets), size, sums, finish);
                }
                first += panel.vectors * S::F32_LANES;
            }
        }
    }
}

/// The sum of the `parts`, transformed back, in the order of the weights: feature, channel, row,
/// column.
fn add_up(geometry: &Geometry, correlation: &Correlation, parts: &[Vec<f32>]) -> Vec<f32> {
    let feature = geometry.depth();
    // SAFETY: every element of every feature is written.
    let mut output = unsafe { uninit(geometry.features * feature) };
    output.par_chunks_mut(TOGETHER * feature).enumerate().for_each(|(number, weights)| {
        for element in 0..correlation.depth() {
            add_features(geometry, correlation, parts, element, number * TOGETHER, weights);
        }
    });
    output
}

kernel! {
    /// Fills a block of the kernels of one channel, for up to [`TOGETHER`] features from `first` on.
    fn add_features<S>(
        simd: S,
        geometry: &Geometry,
        correlation: &Correlation,
        parts: &[Vec<f32>],
        element: usize,
        first: usize,
        weights: &mut [f32],
    ) {
        let [rows, across] = geometry.kernel;
        let (block, channel) = (element / geometry.channels, element % geometry.channels);
        let top = block / correlation.blocks[1] * KERNEL;
        let left = block % correlation.blocks[1] * KERNEL;
        let mut kernels = [[[0.0; TOGETHER]; KERNEL]; KERNEL];
        for lanes in columns(simd, weights.len() / geometry.depth()) {
            let mut sums = [[simd.splat_f32s(0.0); PATCH]; PATCH];
            for (position, sum) in sums.as_flattened_mut().iter_mut().enumerate() {
                let row = position * correlation.depth() + element;
                let start = row * geometry.features + first + lanes.start;
                for part in parts {
                    *sum = simd.add_f32s(*sum, load(simd, &part[start..start + lanes.len()]));
                }
            }
            let sums = of_sums(simd, sums);
            for (kernels, sums) in kernels.iter_mut().zip(sums) {
                for (kernel, sum) in kernels.iter_mut().zip(sums) {
                    store(simd, &mut kernel[lanes.clone()], sum);
                }
            }
        }
        for (feature, weights) in weights.chunks_exact_mut(geometry.depth()).enumerate() {
            let kernel = &mut weights[channel * rows * across..][..rows * across];
            for (line, kernels) in kernel.chunks_exact_mut(across).skip(top).zip(&kernels) {
                for (value, kernel) in line.iter_mut().skip(left).zip(kernels) {
                    *value = kernel[feature];
                }
            }
        }
    }
}
