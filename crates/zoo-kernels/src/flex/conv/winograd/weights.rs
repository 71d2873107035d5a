//! The weights, transformed.

use rayon::prelude::*;

use super::{
    correlation::{KERNEL, POSITIONS, blocks},
    transforms::transform_kernels,
};
use crate::flex::{
    conv::geometry::Geometry,
    panels::Packed,
    scratch::with_scratch,
    tensor::{SMALL, Shared, uninit},
};

/// Transformed weights: for each position a matrix, features by (block, channel).
pub(super) struct Weights {
    positions: Vec<f32>,
    features: usize,
    blocks: usize,
    channels: usize,
}

/// Which end of a kernel comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    /// By 180 degrees.
    Half,
}

impl Weights {
    /// From `[features, channels, rows, columns]` in this order.
    pub(super) fn new(geometry: &Geometry, weights: &[f32], turn: Turn) -> Self {
        let Geometry { features, channels, kernel: [rows, columns], .. } = *geometry;
        let [down, across] = blocks(geometry.kernel);
        let depth = down * across * channels;
        // SAFETY: the tasks cover every feature, and each writes all positions of its feature.
        let mut positions = unsafe { uninit(POSITIONS * features * depth) };
        let target = Shared::new(&mut positions);
        let feature = |(feature, kernels): (usize, &[f32])| {
            with_scratch(KERNEL * KERNEL * channels, |planes| {
                for block in 0..down * across {
                    let corner = [block / across, block % across].map(|number| number * KERNEL);
                    spread(kernels, geometry.kernel, corner, turn, planes);
                    let first = feature * depth + block * channels;
                    // SAFETY: a feature's elements at a position are its task's own.
                    let mut lines = std::array::from_fn(|position| unsafe {
                        target.slice(position * features * depth + first, channels)
                    });
                    transform_kernels(planes, &mut lines);
                }
            });
        };
        let kernels = channels * rows * columns;
        match POSITIONS * features * depth <= SMALL {
            true => weights.chunks(kernels).enumerate().for_each(feature),
            false => weights.par_chunks(kernels).enumerate().for_each(feature),
        }
        Self { positions, features, blocks: down * across, channels }
    }

    /// For each position, (block, channel) by features.
    pub(super) fn by_channel(&self) -> Vec<Packed> {
        let depth = self.blocks * self.channels;
        let rows: Vec<usize> = (0..depth).collect();
        self.pack(&rows, self.features, depth)
    }

    /// For each position, (block, feature) by channels.
    pub(super) fn by_feature(&self) -> Vec<Packed> {
        let rows: Vec<usize> = (0..self.blocks)
            .flat_map(|block| (0..self.features).map(move |feature| (block, feature)))
            .map(|(block, feature)| (feature * self.blocks + block) * self.channels)
            .collect();
        self.pack(&rows, self.channels, 1)
    }

    fn pack(&self, rows: &[usize], columns: usize, stride: usize) -> Vec<Packed> {
        let pack = |position: &[f32]| Packed::new(position, rows, columns, stride);
        let length = self.features * self.blocks * self.channels;
        match self.positions.len() <= SMALL {
            true => self.positions.chunks_exact(length).map(pack).collect(),
            false => self.positions.par_chunks_exact(length).map(pack).collect(),
        }
    }
}

/// Writes the elements from `corner` on, filled up with zeros, one after the other for all kernels.
fn spread(
    kernels: &[f32],
    [rows, columns]: [usize; 2],
    corner: [usize; 2],
    turn: Turn,
    planes: &mut [f32],
) {
    let count = kernels.len() / (rows * columns);
    for (element, plane) in planes.chunks_exact_mut(count).enumerate() {
        let (row, column) = (corner[0] + element / KERNEL, corner[1] + element % KERNEL);
        if row >= rows || column >= columns {
            plane.fill(0.0);
            continue;
        }
        let place = match turn {
            Turn::None => row * columns + column,
            Turn::Half => rows * columns - 1 - (row * columns + column),
        };
        for (value, kernel) in plane.iter_mut().zip(kernels.chunks_exact(rows * columns)) {
            *value = kernel[place];
        }
    }
}
