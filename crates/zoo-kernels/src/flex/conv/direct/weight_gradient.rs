//! The gradient with respect to the weights.

use std::ops::Range;

use rayon::prelude::*;

use super::images::{Border, Images};
use crate::flex::{
    conv::geometry::Geometry,
    linear::{self, Sizes},
    panels::{Panel, copy_panel, panels},
    scratch::with_scratch,
    simd::kernel,
    tensor::{Flat, into_channels_last, row_major, uninit, values},
    tile::{Finish, Product, Segment, rows_of},
};

/// Partial sums that the gradient of the weights is added up from. Fixed, so that it does not
/// depend on the threads.
pub(in crate::flex::conv) const PARTS: usize = 8;

/// Pixels of the output whose gradients are gone through together: as many as keep a panel of them
/// in the second-level cache, so that the sums are seldom read and written.
const PIXELS: usize = 256;

/// Columns of the widest panel: four vectors of AVX-512.
const MOST_COLUMNS: usize = 64;

/// What the tasks for the gradient of the weights share.
struct WeightJob<'a> {
    geometry: Geometry,
    border: Border,
    /// Rows of a padded image.
    rows: usize,
    images: Images<'a>,
    /// Channels-last.
    gradient: &'a [f32],
    panels: Vec<Panel>,
    /// For each group, where every element of the kernel lies in a window.
    starts: Vec<Vec<usize>>,
    /// Where each of these goes within its group.
    targets: Vec<usize>,
}

/// The gradient with respect to the weights, from dense `input` and channels-last `gradient`.
pub(crate) fn weight_gradient(geometry: &Geometry, input: &Flat, gradient: &Flat) -> Flat {
    if geometry.is_linear() {
        return of_pixels(geometry, &into_channels_last(input.clone()), gradient);
    }
    let border = Border::of_input(geometry);
    let features = geometry.group_features();
    let groups = geometry.shape.groups;
    let starts: Vec<Vec<usize>> = (0..groups)
        .map(|group| {
            let segments = geometry.window_segments(group);
            let positions = segments.iter().map(|s| s.offset..s.offset + s.length);
            positions.flatten().collect()
        })
        .collect();
    let job = WeightJob {
        geometry: *geometry,
        border,
        rows: geometry.padded_rows(geometry.output[0]),
        images: Images::new(input),
        gradient: values(gradient),
        panels: panels(features),
        starts,
        targets: (0..geometry.depth()).map(|element| element * features).collect(),
    };
    let part = geometry.batch.div_ceil(PARTS);
    let parts: Vec<Vec<f32>> = (0..geometry.batch.div_ceil(part))
        .into_par_iter()
        .map(|number| {
            let images = number * part..geometry.batch.min((number + 1) * part);
            job.part(images)
        })
        .collect();
    let [rows, columns] = geometry.kernel;
    let dims = [geometry.features, geometry.group_channels(), rows, columns];
    row_major(add_up(geometry, &parts), dims)
}

/// The gradient for kernels of one pixel: gradient^T * input over all pixels.
fn of_pixels(geometry: &Geometry, input: &Flat, gradient: &Flat) -> Flat {
    let Geometry { batch, channels, features, output: [height, width], .. } = *geometry;
    let sizes = Sizes { rows: batch * height * width, inputs: features, outputs: channels };
    let weights = linear::weight_gradient(sizes, values(gradient), values(input));
    row_major(weights, [features, channels, 1, 1])
}

impl WeightJob<'_> {
    /// The sum over `images`, for each group in the order (row, column, channel) by feature.
    fn part(&self, images: Range<usize>) -> Vec<f32> {
        let geometry = &self.geometry;
        let line = geometry.output[1] * geometry.features;
        let rows = (PIXELS / geometry.output[1]).clamp(1, geometry.output[0]);
        // SAFETY: the first rows of the first image store their products before the others add theirs.
        let mut sums = unsafe { uninit(geometry.depth() * geometry.features) };
        let mut finish = Finish::Store;
        let panel = rows * geometry.output[1] * MOST_COLUMNS;
        let padded = self.rows * self.border.width * self.border.channels;
        with_scratch(panel + padded, |scratch| {
            let (panel, padded) = scratch.split_at_mut(panel);
            for index in images {
                let padded = match self.images.plain(index, &self.border, 0..self.rows) {
                    Some(plain) => plain,
                    None => {
                        self.images.pad(index, &self.border, 0, padded);
                        &*padded
                    }
                };
                for first in (0..geometry.output[0]).step_by(rows) {
                    let end = geometry.output[0].min(first + rows);
                    let start = index * geometry.output[0];
                    let gradient = &self.gradient[(start + first) * line..(start + end) * line];
                    let segments = self.segments(first..end);
                    multiply(self, &segments, padded, gradient, panel, &mut sums, finish);
                    finish = Finish::Add;
                }
            }
        });
        sums
    }

    /// What an element of the kernel reads of a padded image for some rows of the output.
    fn segments(&self, rows: Range<usize>) -> Vec<Segment> {
        rows.map(|row| Segment {
            offset: self.geometry.window(row, 0),
            length: self.geometry.output[1],
        })
        .collect()
    }
}

kernel! {
    fn multiply<S>(
        simd: S,
        job: &WeightJob<'_>,
        segments: &[Segment],
        padded: &[f32],
        gradient: &[f32],
        packed: &mut [f32],
        sums: &mut [f32],
        finish: Finish<'_>,
    ) {
        let geometry = &job.geometry;
        let features = geometry.group_features();
        let groups = sums.chunks_exact_mut(geometry.depth() * features);
        for (group, (sums, starts)) in groups.zip(&job.starts).enumerate() {
            for panel in &job.panels {
                let columns = Panel { first: group * features + panel.first, ..*panel };
                let stride = copy_panel::<S>(&columns, gradient, geometry.features, packed);
                let product = Product {
                    left: padded,
                    segments,
                    step: geometry.shape.stride[1] * geometry.channels,
                    right: packed,
                    stride,
                };
                let rows = rows_of::<S>(panel.vectors);
                for (starts, targets) in starts.chunks(rows).zip(job.targets.chunks(rows)) {
                    let sums = &mut sums[panel.first..];
                    let size = (panel.columns, panel.vectors);
                    product.tile(simd, (starts, targets), size, sums, finish);
                }
            }
        }
    }
}

/// The sum of the `parts` in the order of the weights: feature, channel, row, column.
pub(in crate::flex::conv) fn add_up(geometry: &Geometry, parts: &[Vec<f32>]) -> Vec<f32> {
    let (depth, features) = (geometry.depth(), geometry.group_features());
    let channels = geometry.group_channels();
    let places = geometry.kernel[0] * geometry.kernel[1];
    // SAFETY: every element of every feature is written.
    let mut output = unsafe { uninit(geometry.features * depth) };
    output
        .par_chunks_mut(features * depth)
        .enumerate()
        .flat_map(|(group, weights)| {
            let blocks = weights.par_chunks_mut(TOGETHER * depth).enumerate();
            blocks.map(move |(block, weights)| (group, block * TOGETHER, weights))
        })
        .for_each(|(group, first, weights)| {
            let count = weights.len() / depth;
            for element in 0..depth {
                let start = (group * depth + element) * features + first;
                let mut sums = [0.0; TOGETHER];
                for part in parts {
                    for (sum, value) in sums.iter_mut().zip(&part[start..start + count]) {
                        *sum += value;
                    }
                }
                let (place, channel) = (element / channels, element % channels);
                for (feature, sum) in sums[..count].iter().enumerate() {
                    weights[feature * depth + channel * places + place] = *sum;
                }
            }
        });
    output
}

/// Features that are brought into order together: a cache line of them.
const TOGETHER: usize = 16;
