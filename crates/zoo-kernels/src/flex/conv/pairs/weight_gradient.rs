//! The gradient with respect to the weights: a pair is a pixel and its neighbour in the output.

use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use crate::flex::{
    bf16::pairs::{Pairs, Unit, pack_panel},
    conv::{
        direct::{Border, Images, PARTS, add_up},
        geometry::Geometry,
    },
    matmul::Matrix,
    panels::{Panel, panels},
    scratch::with_scratch,
    tensor::{Flat, row_major, values},
    tile::{Finish, Segment},
};

/// Pixels of the output whose gradients are gone through together, of one image or of several: as many as
/// keep a panel of them in the second-level cache, so that the sums are seldom read and written.
const PIXELS: usize = 512;

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
        let together = (PIXELS / (width * height)).clamp(1, images.len());
        let line = self.border.width * self.border.channels;
        let padded = geometry.padded_rows(height) * line;
        let across: usize = self.panels.iter().map(Pairs::width).sum();
        let panels = together * rows * width.div_ceil(2) * across;
        let mut sums = vec![0.0; geometry.depth() * geometry.features];
        // The panels first, so that their rows are whole cache lines.
        with_scratch(panels + line + together * padded, |scratch| {
            let (panels, scratch) = scratch.split_at_mut(panels);
            let (line, all) = scratch.split_at_mut(line);
            let (panels, all): (&mut [u32], _) = (cast_slice_mut(panels), cast_slice_mut(all));
            for first in images.clone().step_by(together) {
                let some = first..images.end.min(first + together);
                for (index, padded) in some.clone().zip(all.chunks_exact_mut(padded)) {
                    self.pad(index, line, padded);
                }
                for row in (0..height).step_by(rows) {
                    let rows = row..height.min(row + rows);
                    self.multiply((some.clone(), padded), rows, all, panels, &mut sums);
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

    /// Adds what some rows of the output of some images have to say; `padded` holds these images, each in
    /// so many pairs.
    fn multiply(
        &self,
        (images, size): (Range<usize>, usize),
        rows: Range<usize>,
        padded: &[u32],
        packed: &mut [u32],
        sums: &mut [f32],
    ) {
        let geometry = &self.geometry;
        let [height, width] = geometry.output;
        let (features, pairs) = (geometry.group_features(), width.div_ceil(2));
        let places = || images.clone().flat_map(|image| rows.clone().map(move |row| (image, row)));
        let offset = |(image, row)| (image - images.start) * size + geometry.window(row, 0);
        let segments: Vec<Segment> =
            places().map(|place| Segment { offset: 2 * offset(place), length: pairs }).collect();
        let step = 4 * geometry.shape.stride[1] * geometry.channels;
        let groups = sums.chunks_exact_mut(geometry.depth() * features);
        for (group, (sums, starts)) in groups.zip(&self.starts).enumerate() {
            let mut panels = Vec::with_capacity(self.panels.len());
            let mut free = &mut *packed;
            for panel in &self.panels {
                let columns = Panel { first: group * features + panel.first, ..*panel };
                let run = pairs * Pairs::width(panel);
                let (target, after) = free.split_at_mut(segments.len() * run);
                for ((image, row), target) in places().zip(target.chunks_exact_mut(run)) {
                    let first = (image * height + row) * width * geometry.features;
                    let gradient = Matrix::new(&self.gradient[first..], width, geometry.features);
                    pack_panel(self.unit, &gradient, 0..width, &columns, target);
                }
                panels.push((panel, &*target));
                free = after;
            }
            let product = Pairs { left: cast_slice(padded), segments: &segments, step };
            let rows = (starts.as_slice(), self.targets.as_slice());
            // SAFETY: the targets and the features of a group lie within `sums`, which is borrowed mutably.
            unsafe { product.multiply(self.unit, rows, panels, sums.as_mut_ptr(), |_| Finish::Add) }
        }
    }
}
