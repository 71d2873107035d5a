//! The gradient with respect to the weights: a pair is a pixel and its neighbour in the output.

use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use crate::flex::bf16::pairs::{Pairs, Unit, pack_panel};
use crate::flex::conv::direct::{Border, Images, PARTS, add_up};
use crate::flex::conv::geometry::Geometry;
use crate::flex::matmul::Matrix;
use crate::flex::panels::{Panel, panels};
use crate::flex::scratch::with_scratch;
use crate::flex::tensor::{Flat, row_major, values};
use crate::flex::tile::{Finish, Segment};

/// Pixels of the output whose gradients are gone through together: as many as keep a panel of them in
/// the first-level cache.
const PIXELS: usize = 256;

/// What the tasks share.
struct Job<'a> {
    unit: Unit,
    geometry: Geometry,
    border: Border,
    images: Images<'a>,
    /// Channels-last.
    gradient: &'a [f32],
    panels: Vec<Panel>,
    /// For each group, where every element of the kernel lies in a window of pairs.
    starts: Vec<Vec<usize>>,
    /// Where each of these goes within its group.
    targets: Vec<usize>,
}

/// The gradient with respect to the weights, from dense `input` and channels-last `gradient`.
pub(in crate::flex::conv) fn weight_gradient(
    unit: Unit,
    geometry: &Geometry,
    input: &Flat,
    gradient: &Flat,
) -> Flat {
    let features = geometry.group_features();
    let starts = (0..geometry.shape.groups).map(|group| {
        let segments = geometry.window_segments(group).into_iter();
        segments.flat_map(|s| s.offset..s.offset + s.length).map(|place| 2 * place).collect()
    });
    let job = Job {
        unit,
        geometry: *geometry,
        border: Border::of_input(geometry),
        images: Images::new(input),
        gradient: values(gradient),
        panels: panels(features),
        starts: starts.collect(),
        targets: (0..geometry.depth()).map(|element| element * features).collect(),
    };
    let part = geometry.batch.div_ceil(PARTS);
    let parts: Vec<Vec<f32>> = (0..geometry.batch.div_ceil(part))
        .into_par_iter()
        .map(|number| job.part(number * part..geometry.batch.min((number + 1) * part)))
        .collect();
    let [rows, columns] = geometry.kernel;
    let dims = [geometry.features, geometry.group_channels(), rows, columns];
    row_major(add_up(geometry, &parts), dims)
}

impl Job<'_> {
    /// The sum over `images`, for each group in the order (row, column, channel) by feature.
    fn part(&self, images: Range<usize>) -> Vec<f32> {
        let geometry = &self.geometry;
        let [height, width] = geometry.output;
        let rows = (PIXELS / width).clamp(1, height);
        let line = self.border.width * self.border.channels;
        let padded = geometry.padded_rows(height) * line;
        let panel =
            rows * width.div_ceil(2) * self.panels.iter().map(Pairs::width).max().unwrap_or(0);
        let mut sums = vec![0.0; geometry.depth() * geometry.features];
        with_scratch(line + padded + panel, |scratch| {
            let (line, scratch) = scratch.split_at_mut(line);
            let (padded, panel) = cast_slice_mut(scratch).split_at_mut(padded);
            for index in images {
                self.pad(index, line, padded);
                for first in (0..height).step_by(rows) {
                    self.multiply(index, first..height.min(first + rows), padded, panel, &mut sums);
                }
            }
        });
        sums
    }

    /// Pairs each element of a padded image with that of the window to the right of its own.
    fn pad(&self, index: usize, line: &mut [f32], target: &mut [u32]) {
        let next = (self.geometry.shape.stride[1] * self.geometry.channels).min(line.len());
        for (row, target) in target.chunks_exact_mut(line.len()).enumerate() {
            self.images.pad(index, &self.border, row, line);
            self.unit.interleave(line, &line[next..], target);
        }
    }

    /// Adds what some rows of the output have to say.
    fn multiply(
        &self,
        index: usize,
        rows: Range<usize>,
        padded: &[u32],
        packed: &mut [u32],
        sums: &mut [f32],
    ) {
        let geometry = &self.geometry;
        let [height, width] = geometry.output;
        let (features, pairs) = (geometry.group_features(), width.div_ceil(2));
        let segments: Vec<Segment> = rows
            .clone()
            .map(|row| Segment { offset: 2 * geometry.window(row, 0), length: pairs })
            .collect();
        let groups = sums.chunks_exact_mut(geometry.depth() * features);
        for (group, (sums, starts)) in groups.zip(&self.starts).enumerate() {
            for panel in &self.panels {
                let columns = Panel { first: group * features + panel.first, ..*panel };
                let stride = Pairs::width(panel);
                let targets = packed.chunks_exact_mut(pairs * stride);
                for (row, target) in rows.clone().zip(targets) {
                    let gradient =
                        &self.gradient[(index * height + row) * width * geometry.features..];
                    let gradient = Matrix::new(gradient, width, geometry.features);
                    pack_panel(self.unit, &gradient, 0..width, &columns, target);
                }
                let product = Pairs {
                    left: cast_slice(padded),
                    segments: &segments,
                    step: 4 * geometry.shape.stride[1] * geometry.channels,
                    right: packed,
                    stride,
                };
                let (rows, size) =
                    ((starts.as_slice(), self.targets.as_slice()), (panel.columns, panel.vectors));
                // SAFETY: the targets and the features of a panel lie within `sums`, which is borrowed
                // mutably.
                unsafe {
                    let sums = sums.as_mut_ptr().add(panel.first);
                    product.rows(self.unit, rows, size, sums, Finish::Add);
                }
            }
        }
    }
}
