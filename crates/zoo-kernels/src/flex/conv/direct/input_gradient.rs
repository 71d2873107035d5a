//! The gradient with respect to the images.

use rayon::prelude::*;

use super::images::{Border, Images};
use crate::flex::{
    conv::geometry::Geometry,
    panels::Packed,
    scratch::with_scratch,
    simd::kernel,
    tensor::{Flat, channels_last, into_row_major, uninit, values},
    tile::{Finish, Product, Segment, rows_of},
};

/// One in `stride` by `stride` pixels of the input: those that the same elements of the kernel
/// touch.
pub(in crate::flex::conv) struct Phase {
    /// For each group, what a pixel reads of the padded gradient and the weights, features by
    /// channels.
    pub(in crate::flex::conv) groups: Vec<(Vec<Segment>, Packed)>,
    /// Where the window of every pixel starts in the padded gradient.
    pub(in crate::flex::conv) starts: Vec<usize>,
    /// Where each of these pixels goes.
    pub(in crate::flex::conv) targets: Vec<usize>,
}

/// Elements of the kernel along one side that touch the pixels of one phase, and where the
/// gradient's window starts.
#[derive(Clone, Copy)]
struct Side {
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    output: usize,
}

impl Side {
    fn new(geometry: &Geometry, axis: usize) -> Self {
        Self {
            size: geometry.input[axis],
            kernel: geometry.kernel[axis],
            stride: geometry.shape.stride[axis],
            padding: geometry.shape.padding[axis].0,
            output: geometry.output[axis],
        }
    }

    /// Zeros before the gradient.
    fn before(self) -> usize {
        (self.kernel - 1) / self.stride
    }

    /// The gradient's length with zeros on both sides.
    fn padded(self) -> usize {
        let last = (self.size - 1 + self.padding) / self.stride;
        self.before() + self.output.max(last + 1)
    }

    /// The elements of the kernel that touch the pixels of `phase`, last first.
    fn taps(self, phase: usize) -> Vec<usize> {
        let first = (phase + self.padding) % self.stride;
        let mut taps: Vec<usize> = (first..self.kernel).step_by(self.stride).collect();
        taps.reverse();
        taps
    }

    /// Where the window of `pixel` starts in the padded gradient.
    fn start(self, pixel: usize, taps: usize) -> usize {
        (pixel + self.padding) / self.stride + self.before() + 1 - taps.max(1)
    }
}

/// The gradient with respect to the images, from `gradient`, which is channels-last like the
/// result.
pub(crate) fn input_gradient(geometry: &Geometry, weight: Flat, gradient: &Flat) -> Flat {
    let weight = into_row_major(weight);
    let Spread { border, rows, phases } = Spread::new(geometry, values(&weight));
    let images = Images::new(gradient);
    let image = geometry.image();
    let padded = rows * border.width * border.channels;
    // SAFETY: the phases cover every pixel, and each pixel is stored with all its channels.
    let mut output = unsafe { uninit(geometry.batch * image) };
    output.par_chunks_mut(image).enumerate().for_each(|(index, output)| {
        let mut gradient_of = |padded: &[f32]| {
            for phase in &phases {
                spread(phase, geometry.group_channels(), padded, output);
            }
        };
        if let Some(plain) = images.plain(index, &border, 0..rows) {
            return gradient_of(plain);
        }
        with_scratch(padded, |padded| {
            images.pad(index, &border, 0, padded);
            gradient_of(padded);
        });
    });
    let [height, width] = geometry.input;
    channels_last(output, [geometry.batch, geometry.channels, height, width])
}

/// How gradients are spread over an image.
pub(in crate::flex::conv) struct Spread {
    pub(in crate::flex::conv) border: Border,
    /// Rows of the padded gradient.
    pub(in crate::flex::conv) rows: usize,
    pub(in crate::flex::conv) phases: Vec<Phase>,
}

impl Spread {
    pub(in crate::flex::conv) fn new(geometry: &Geometry, weights: &[f32]) -> Self {
        let sides = [Side::new(geometry, 0), Side::new(geometry, 1)];
        let border = Border {
            size: geometry.output,
            channels: geometry.features,
            before: sides.map(Side::before),
            width: sides[1].padded(),
        };
        let [down, across] = geometry.shape.stride;
        let phases = (0..down.min(geometry.input[0]))
            .flat_map(|row| (0..across.min(geometry.input[1])).map(move |column| [row, column]))
            .map(|phase| Phase::new(geometry, sides, phase, weights))
            .collect();
        Self { border, rows: sides[0].padded(), phases }
    }
}

impl Phase {
    fn new(geometry: &Geometry, sides: [Side; 2], phase: [usize; 2], weights: &[f32]) -> Self {
        let taps = [sides[0].taps(phase[0]), sides[1].taps(phase[1])];
        let width = sides[1].padded();
        let groups = (0..geometry.shape.groups)
            .map(|group| {
                let segments = segments(geometry, [taps[0].len(), taps[1].len()], width, group);
                (segments, pack(geometry, &taps, weights, group))
            })
            .collect();
        let (mut starts, mut targets) = (Vec::new(), Vec::new());
        for row in (phase[0]..sides[0].size).step_by(sides[0].stride) {
            for column in (phase[1]..sides[1].size).step_by(sides[1].stride) {
                let start =
                    [sides[0].start(row, taps[0].len()), sides[1].start(column, taps[1].len())];
                starts.push((start[0] * width + start[1]) * geometry.features);
                targets.push((row * sides[1].size + column) * geometry.channels);
            }
        }
        Self { groups, starts, targets }
    }
}

/// What a pixel reads of the padded gradient, in the order (row, column, feature).
fn segments(geometry: &Geometry, taps: [usize; 2], width: usize, group: usize) -> Vec<Segment> {
    let features = geometry.features;
    let length = geometry.group_features();
    let mut segments = Vec::with_capacity(taps[0] * taps[1]);
    for row in 0..taps[0] {
        if geometry.shape.groups == 1 {
            segments.push(Segment { offset: row * width * features, length: taps[1] * features });
            continue;
        }
        segments.extend((0..taps[1]).map(|column| Segment {
            offset: (row * width + column) * features + group * length,
            length,
        }));
    }
    segments
}

/// The weights of one group in the order (row, column, feature) by channel.
fn pack(geometry: &Geometry, taps: &[Vec<usize>; 2], weights: &[f32], group: usize) -> Packed {
    let [rows, columns] = geometry.kernel;
    let (depth, features) = (geometry.depth(), geometry.group_features());
    let mut order = Vec::with_capacity(taps[0].len() * taps[1].len() * features);
    for row in &taps[0] {
        for column in &taps[1] {
            let place = row * columns + column;
            let first = group * features;
            order.extend((first..first + features).map(|feature| feature * depth + place));
        }
    }
    Packed::new(weights, &order, geometry.group_channels(), rows * columns)
}

kernel! {
    fn spread<S>(simd: S, phase: &Phase, group_channels: usize, padded: &[f32], output: &mut [f32]) {
        for (group, (segments, packed)) in phase.groups.iter().enumerate() {
            for (panel, weights) in &packed.panels {
                let product = Product {
                    left: padded,
                    segments,
                    step: 1,
                    right: weights,
                    stride: Packed::stride::<S>(panel),
                };
                let first = group * group_channels + panel.first;
                let rows = rows_of::<S>(panel.vectors);
                for (starts, targets) in phase.starts.chunks(rows).zip(phase.targets.chunks(rows)) {
                    let output = &mut output[first..];
                    let size = (panel.columns, panel.vectors);
                    product.tile(simd, (starts, targets), size, output, Finish::Store);
                }
            }
        }
    }
}
