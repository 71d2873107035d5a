//! The forward pass: one task per image, or per band of its rows if there are fewer images than
//! threads.

use super::images::{Border, Images};
use crate::flex::{
    conv::{
        geometry::Geometry,
        output::{After, Tasks},
    },
    epilogue::Epilogue,
    kept::{Form, Packing},
    panels::Packed,
    scratch::with_scratch,
    simd::kernel,
    tensor::{Flat, into_dense, into_row_major, values},
    tile::{Finish, Product, Segment, rows_of},
};

/// What all tasks share.
struct Job<'a> {
    geometry: Geometry,
    border: Border,
    images: Images<'a>,
    /// For each group, what a window reads.
    segments: Vec<Vec<Segment>>,
    /// For each group, the weights.
    packed: &'a [Packed],
    epilogue: Option<Epilogue<'a>>,
    /// Where the window of every pixel of a band starts in the band's padded rows.
    starts: Vec<usize>,
    /// Where each of these pixels goes.
    targets: Vec<usize>,
}

/// The convolution of `geometry`; the output is channels-last.
pub(crate) fn forward(
    geometry: &Geometry,
    input: Flat,
    weight: Flat,
    After { epilogue, pool }: After<'_>,
    packing: Packing,
) -> Flat {
    let geometry = *geometry;
    let (input, weight) = (into_dense(input), into_row_major(weight));
    let [height, width] = geometry.output;
    let groups = geometry.shape.groups;
    let rows = geometry.batch * height * width;
    let packed = packing.of(&weight, Form::Windows(groups), rows, || {
        (0..groups).map(|group| pack(&geometry, values(&weight), group)).collect()
    });
    let band = rows_of_a_band(&geometry);
    let job = Job {
        geometry,
        border: Border::of_input(&geometry),
        images: Images::new(&input),
        segments: (0..groups).map(|group| geometry.window_segments(group)).collect(),
        packed: &packed,
        epilogue,
        starts: (0..band)
            .flat_map(|row| (0..width).map(move |column| geometry.window(row, column)))
            .collect(),
        targets: (0..band * width).map(|pixel| pixel * geometry.features).collect(),
    };
    let sizes = [geometry.batch, geometry.features, height, width];
    let tasks = Tasks { sizes, together: 1, rows: band };
    tasks.run(pool, |index, first_row, rows| run_band(&job, index, first_row, rows))
}

/// Rows of the output that one task makes: all, unless threads would have nothing to do.
pub(in crate::flex::conv) fn rows_of_a_band(geometry: &Geometry) -> usize {
    let threads = rayon::current_num_threads();
    let rows = geometry.output[0];
    match geometry.batch < 2 * threads {
        true => rows.div_ceil((2 * threads).div_ceil(geometry.batch)).max(1),
        false => rows,
    }
}

/// The weights of one group in the order (row, column, channel) by feature.
pub(in crate::flex::conv) fn pack(geometry: &Geometry, weights: &[f32], group: usize) -> Packed {
    let [rows, columns] = geometry.kernel;
    let (channels, features) = (geometry.group_channels(), geometry.group_features());
    let depth = geometry.depth();
    let first = group * features * depth;
    let mut order = Vec::with_capacity(depth);
    for place in 0..rows * columns {
        order.extend((0..channels).map(|channel| first + channel * rows * columns + place));
    }
    Packed::new(weights, &order, features, depth)
}

fn run_band(job: &Job<'_>, index: usize, first_row: usize, output: &mut [f32]) {
    let geometry = &job.geometry;
    let line = geometry.output[1] * geometry.features;
    let rows = output.len() / line;
    let place = (index * geometry.output[0] + first_row) * line;
    let epilogue = job.epilogue.map(|epilogue| epilogue.starting_at(place));
    let first = first_row * geometry.shape.stride[0];
    let padded_rows = geometry.padded_rows(rows);
    if let Some(plain) = job.images.plain(index, &job.border, first..first + padded_rows) {
        return multiply(job, plain, epilogue, output);
    }
    let padded_line = job.border.width * job.border.channels;
    with_scratch(padded_rows * padded_line, |padded| {
        job.images.pad(index, &job.border, first, padded);
        multiply(job, padded, epilogue, output);
    });
}

kernel! {
    fn multiply<S>(
        simd: S,
        job: &Job<'_>,
        padded: &[f32],
        epilogue: Option<Epilogue<'_>>,
        output: &mut [f32],
    ) {
        let geometry = &job.geometry;
        let pixels = output.len() / geometry.features;
        for (group, (segments, packed)) in job.segments.iter().zip(job.packed).enumerate() {
            for (panel, weights) in &packed.panels {
                let product = Product {
                    left: padded,
                    segments,
                    step: 1,
                    right: weights,
                    stride: Packed::stride::<S>(panel),
                };
                let first = group * geometry.group_features() + panel.first;
                let finish = epilogue.map_or(Finish::Store, #[inline(always)] |epilogue| {
                    Finish::of(epilogue.part(first, panel.columns))
                });
                let rows = rows_of::<S>(panel.vectors);
                let starts = job.starts[..pixels].chunks(rows);
                for (starts, targets) in starts.zip(job.targets[..pixels].chunks(rows)) {
                    let output = &mut output[first..];
                    product.tile(simd, (starts, targets), (panel.columns, panel.vectors), output, finish);
                }
            }
        }
    }
}
