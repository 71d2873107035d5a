//! The gradient with respect to the weights.

use rayon::prelude::*;

use super::{MOST_COLUMNS, Sizes};
use crate::flex::panels::{Packed, Panel, copy_panel, panels};
use crate::flex::scratch::with_scratch;
use crate::flex::simd::kernel;
use crate::flex::tensor::{CHUNK, uninit};
use crate::flex::tile::{Finish, Product, Segment, rows_of};

/// Rows that the gradient of the weights is summed over by one task.
const PART: usize = 1024;

/// Partial sums at most.
const PARTS: usize = 8;

/// Rows that are gone through together, so that a panel of their gradients stays in the first-level
/// cache.
const BLOCK: usize = 128;

/// Rows of the gradient of the weights that one task makes if it sees all rows.
const STRIP: usize = 96;

/// input^T * gradient.
pub(super) fn weight_gradient(sizes: Sizes, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let Sizes { rows, inputs, outputs } = sizes;
    let panels = panels(outputs);
    if rows < 2 * PART {
        // SAFETY: the first block of rows is stored, to every element.
        let mut output = unsafe { uninit(inputs * outputs) };
        output.par_chunks_mut(STRIP * outputs).enumerate().for_each(|(strip, output)| {
            add_products(sizes, &panels, strip * STRIP, input, gradient, output);
        });
        return output;
    }
    let part = rows.div_ceil(PARTS).max(PART);
    let parts: Vec<Vec<f32>> = input
        .par_chunks(part * inputs)
        .zip(gradient.par_chunks(part * outputs))
        .map(|(input, gradient)| {
            let sizes = Sizes { rows: input.len() / inputs, ..sizes };
            // SAFETY: as above.
            let mut output = unsafe { uninit(inputs * outputs) };
            add_products(sizes, &panels, 0, input, gradient, &mut output);
            output
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut output = parts.next().unwrap_or_default();
    for part in parts {
        output.par_chunks_mut(CHUNK).zip(part.par_chunks(CHUNK)).for_each(|(output, part)| {
            output.iter_mut().zip(part).for_each(|(sum, value)| *sum += value)
        });
    }
    output
}

/// Writes rows of input^T * gradient from `first` on to `output`.
fn add_products(
    sizes: Sizes,
    panels: &[Panel],
    first: usize,
    input: &[f32],
    gradient: &[f32],
    output: &mut [f32],
) {
    with_scratch(BLOCK * MOST_COLUMNS, |packed| {
        add_blocks(sizes, panels, first, input, gradient, packed, output);
    });
}

kernel! {
    fn add_blocks<S>(
        simd: S,
        sizes: Sizes,
        panels: &[Panel],
        first: usize,
        input: &[f32],
        gradient: &[f32],
        packed: &mut [f32],
        output: &mut [f32],
    ) {
        let Sizes { inputs, outputs, .. } = sizes;
        let count = output.len() / outputs;
        let starts: Vec<usize> = (first..first + count).collect();
        let targets: Vec<usize> = (0..count).map(|row| row * outputs).collect();
        let blocks = input.chunks(BLOCK * inputs).zip(gradient.chunks(BLOCK * outputs));
        for (number, (input, gradient)) in blocks.enumerate() {
            let segments = [Segment { offset: 0, length: input.len() / inputs }];
            let finish = if number == 0 { Finish::Store } else { Finish::Add };
            for panel in panels {
                let packed = &mut packed[..segments[0].length * Packed::stride::<S>(panel)];
                let stride = copy_panel::<S>(panel, gradient, outputs, packed);
                let product = Product { left: input, segments: &segments, step: inputs, right: packed, stride };
                let tile = rows_of::<S>(panel.vectors);
                for (starts, targets) in starts.chunks(tile).zip(targets.chunks(tile)) {
                    let output = &mut output[panel.first..];
                    product.tile(simd, (starts, targets), (panel.columns, panel.vectors), output, finish);
                }
            }
        }
    }
}
