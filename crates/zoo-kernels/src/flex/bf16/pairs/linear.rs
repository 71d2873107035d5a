//! Products of many rows, shared out among the threads. Tasks, blocks and their order are those of the
//! sizes alone, so a row's results depend neither on the threads nor on the rows beside it.

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use super::{
    Unit,
    matrix::pack_panel,
    ready::{DEPTH, Ready, SMALL},
    tile::Pairs,
};
use crate::flex::{
    matmul::Matrix,
    panels::{Packed, Panel, panels},
    parallel::for_each,
    scratch::with_scratch,
    tensor::{Shared, uninit},
    tile::{Finish, Segment},
};

/// Rows that are too few to be worth packing all of the right side before.
pub(in crate::flex) const FEW: usize = 256;

/// Tasks at least that a product of few rows is cut into, if it is worth cutting.
const TASKS: usize = 8;

/// Panels at most that a task of few rows takes: as many as stay in the second-level cache, packed.
const STRIPE: usize = 8;

/// Terms of all panels of a stripe that are packed before the next, where rows are read.
const TOGETHER: usize = 32;

/// Columns of the left side, in [`transposed_product`], that one task takes at most.
const STRIP: usize = 96;

/// Sums that such a task has: they stay in the second-level cache.
const SUMS: usize = 1 << 16;

/// Rows `left` times `right`, then `finish`, of rounded operands.
///
/// # Panics
/// If neither rows nor columns of `right` are dense.
pub(in crate::flex) fn multiply_rows(
    unit: Unit,
    left: &[f32],
    right: Matrix<'_>,
    finish: Finish<'_>,
) -> Vec<f32> {
    let ready = Ready { unit, depth: right.rows, columns: right.columns, finish };
    match left.len() / right.rows <= FEW {
        true => few_rows(&ready, left, right),
        false => ready.rows_past(left, &pack(unit, &right)),
    }
}

/// [`multiply_rows`] with a right side of so many columns that [`pack`] has packed: the same bits.
pub(in crate::flex) fn multiply_packed(
    unit: Unit,
    left: &[f32],
    (packed, [depth, columns]): (&Packed<u32>, [usize; 2]),
    finish: Finish<'_>,
) -> Vec<f32> {
    let ready = Ready { unit, depth, columns, finish };
    match left.len() / depth <= FEW {
        true => ready.panels_past(left, packed),
        false => ready.rows_past(left, packed),
    }
}

/// Tasks take stripes of panels, which they pack block by block. A stripe is so wide that what is read of each
/// row of the right side lies in one piece.
fn few_rows(ready: &Ready<'_>, left: &[f32], right: Matrix<'_>) -> Vec<f32> {
    let (depth, columns) = (right.rows, right.columns);
    let rows = left.len() / depth;
    let mut rounded = vec![0; rows * ready.stride()];
    ready.round(left, &mut rounded);
    // SAFETY: each task writes all rows of its columns.
    let mut output = unsafe { uninit(rows * columns) };
    let shared = Shared::new(&mut output);
    let panels = panels(columns);
    let together = if right.column_stride == 1 { TOGETHER } else { DEPTH };
    let stripes: Vec<&[Panel]> = match rows * depth * columns <= SMALL {
        true => vec![&panels],
        false => panels.chunks(panels.len().div_ceil(TASKS).min(STRIPE)).collect(),
    };
    for_each(stripes.len(), |number| {
        let stripe = stripes[number];
        let widest = stripe.iter().map(Pairs::width).max().unwrap_or(0);
        let block = DEPTH / 2 * widest;
        with_scratch(stripe.len() * block, |scratch| {
            let packed: &mut [u32] = cast_slice_mut(scratch);
            for offset in (0..depth).step_by(DEPTH) {
                let end = depth.min(offset + DEPTH);
                for start in (offset..end).step_by(together) {
                    for (panel, packed) in stripe.iter().zip(packed.chunks_exact_mut(block)) {
                        let target = &mut packed[(start - offset) / 2 * Pairs::width(panel)..];
                        let terms = start..end.min(start + together);
                        pack_panel(ready.unit, &right, terms, panel, target);
                    }
                }
                for (panel, packed) in stripe.iter().zip(packed.chunks_exact(block)) {
                    // SAFETY: no other task has this panel, and `output` outlives the loop.
                    unsafe { ready.block(&rounded, offset, panel, packed, shared.pointer(0)) };
                }
            }
        });
    });
    output
}

/// All panels of a right side.
///
/// # Panics
/// If neither its rows nor its columns are dense.
pub(in crate::flex) fn pack(unit: Unit, right: &Matrix<'_>) -> Packed<u32> {
    let panels = panels(right.columns).into_par_iter();
    let packed = panels.map(|panel| {
        let mut pairs = vec![0; right.rows.div_ceil(2) * Pairs::width(&panel)];
        pack_panel(unit, right, 0..right.rows, &panel, &mut pairs);
        (panel, pairs)
    });
    Packed { panels: packed.collect() }
}

/// The transpose of `left` times `right`, both of `rows` rows, of rounded operands.
pub(in crate::flex) fn transposed_product(
    unit: Unit,
    rows: usize,
    left: &[f32],
    right: &[f32],
) -> Vec<f32> {
    let (inputs, columns) = (left.len() / rows, right.len() / rows);
    let packed = pack(unit, &Matrix::new(right, rows, columns));
    // SAFETY: each task writes all columns of its rows.
    let mut output = unsafe { uninit(inputs * columns) };
    let shared = Shared::new(&mut output);
    let strip = match rows * inputs * columns <= SMALL {
        true => inputs,
        false => (SUMS / columns / 12 * 12).clamp(12, STRIP),
    };
    for_each(inputs.div_ceil(strip), |number| {
        let first = number * strip;
        let count = strip.min(inputs - first);
        let starts: Vec<usize> = (0..count).map(|input| 2 * input).collect();
        let targets: Vec<usize> = (0..count).map(|input| input * columns).collect();
        with_scratch(DEPTH / 2 * count, |scratch| {
            let pairs: &mut [u32] = cast_slice_mut(scratch);
            for offset in (0..rows).step_by(DEPTH) {
                let end = rows.min(offset + DEPTH);
                let row = |row: usize| match row < end {
                    true => &left[row * inputs + first..][..count],
                    false => &[],
                };
                for (row_of, target) in (offset..end).step_by(2).zip(pairs.chunks_exact_mut(count))
                {
                    unit.interleave(row(row_of), row(row_of + 1), target);
                }
                let segments = [Segment { offset: 0, length: (end - offset).div_ceil(2) }];
                let product =
                    Pairs { left: cast_slice(pairs), segments: &segments, step: 2 * count };
                let from = |panel: &Panel| offset / 2 * Pairs::width(panel);
                let panels =
                    packed.panels.iter().map(|(panel, right)| (panel, &right[from(panel)..]));
                let finish = if offset == 0 { Finish::Store } else { Finish::Add };
                // SAFETY: no other task has these rows, and `output` outlives the loop.
                unsafe {
                    let output = shared.pointer(first * columns);
                    product.multiply(unit, (&starts, &targets), panels, output, |_| finish);
                }
            }
        });
    });
    output
}
