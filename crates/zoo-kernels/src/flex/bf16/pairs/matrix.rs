//! Products of small matrices with any strides, on the calling thread.

use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};

use super::{Unit, pack::LANES, tile::Pairs};
use crate::flex::{
    epilogue::Epilogue,
    matmul::Matrix,
    panels::{Packed, Panel, panels},
    scratch::with_scratch,
    tile::{Finish, Segment},
};

/// Columns of the widest panel.
pub(super) const WIDEST: usize = 4 * LANES;

/// Packs rows `depth` of a panel of the right side `right` to `target`, a row for each pair of them.
///
/// # Panics
/// If neither the rows nor the columns of `right` are dense, or `target` is too short.
pub(in crate::flex) fn pack_panel(
    unit: Unit,
    right: &Matrix<'_>,
    depth: Range<usize>,
    panel: &Panel,
    target: &mut [u32],
) {
    let (width, columns) = (Pairs::width(panel), panel.first..panel.first + panel.columns);
    if right.column_stride == 1 {
        let row = |k: usize| match k < depth.end {
            true => &right.values[k * right.row_stride..][columns.clone()],
            false => &[],
        };
        for (pair, target) in target.chunks_exact_mut(width).enumerate() {
            let k = depth.start + 2 * pair;
            if k >= depth.end {
                break;
            }
            unit.interleave(row(k), row(k + 1), target);
        }
        return;
    }
    assert_eq!(right.row_stride, 1, "rows or columns are dense");
    for first in (0..width).step_by(LANES) {
        let count = panel.columns.saturating_sub(first).min(LANES);
        let start = (panel.first + first) * right.column_stride + depth.start;
        let values = &right.values[start.min(right.values.len())..];
        let rows = (count, right.column_stride, depth.len());
        unit.transpose(rows, values, (&mut target[first..], width));
    }
}

/// The panels of `packed`, in pairs of the rows of runs of so many; an odd run is filled up with a row of
/// zeros.
pub(in crate::flex) fn pair_panels(unit: Unit, packed: &Packed, runs: &[usize]) -> Packed<u32> {
    let panels = packed.panels.iter();
    let pairs = panels.map(|(panel, rows)| (*panel, pair_rows(unit, rows, runs, panel)));
    Packed { panels: pairs.collect() }
}

fn pair_rows(unit: Unit, rows: &[f32], runs: &[usize], panel: &Panel) -> Vec<u32> {
    let width = Pairs::width(panel);
    let pairs: usize = runs.iter().map(|run| run.div_ceil(2)).sum();
    let mut packed = vec![0; pairs * width];
    let mut targets = packed.chunks_exact_mut(width);
    let mut rest = rows;
    for run in runs {
        let (rows, after) = rest.split_at(run * width);
        rest = after;
        for (pair, target) in rows.chunks(2 * width).zip(&mut targets) {
            let (first, second) = pair.split_at(width);
            unit.interleave(first, second, target);
        }
    }
    packed
}

/// The left side in bf16: where its rows start, and the distance of a row's pairs.
pub(super) fn pack_left(unit: Unit, left: &Matrix<'_>, target: &mut [u32]) -> (Vec<usize>, usize) {
    let (rows, pairs) = (left.rows, left.columns.div_ceil(2));
    if left.column_stride == 1 {
        let target: &mut [u16] = cast_slice_mut(target);
        for (row, target) in target.chunks_exact_mut(2 * pairs).take(rows).enumerate() {
            unit.round(&left.values[row * left.row_stride..][..left.columns], target);
        }
        return ((0..rows).map(|row| 2 * pairs * row).collect(), 2);
    }
    assert_eq!(left.row_stride, 1, "rows or columns are dense");
    let column = |k: usize| match k < left.columns {
        true => &left.values[k * left.column_stride..][..rows],
        false => &[],
    };
    for (pair, target) in target.chunks_exact_mut(rows).take(pairs).enumerate() {
        unit.interleave(column(2 * pair), column(2 * pair + 1), target);
    }
    ((0..rows).map(|row| 2 * row).collect(), 2 * rows)
}

/// Multiplies every sum by the factor.
pub(super) fn scaled(factors: &[f32; WIDEST]) -> Finish<'_> {
    match factors[0] == 1.0 {
        true => Finish::Store,
        false => {
            Finish::Then(Epilogue { factors: Some(factors), ..Epilogue::bias(&[0.0; WIDEST]) })
        }
    }
}

/// Writes `factor * left * right`, of rounded operands, to the row-major matrix `output`, whose rows are
/// `stride` elements apart.
///
/// # Safety
/// All elements of the result are valid, and nothing else uses them during the call.
///
/// # Panics
/// If the sizes do not fit each other or the slices, or neither rows nor columns of a side are dense.
pub(in crate::flex) unsafe fn multiply_to(
    unit: Unit,
    left: Matrix<'_>,
    right: Matrix<'_>,
    factor: f32,
    (output, stride): (*mut f32, usize),
) {
    assert_eq!(left.columns, right.rows);
    let (rows, depth) = (left.rows, left.columns);
    let pairs = depth.div_ceil(2);
    let factors = [factor; WIDEST];
    let finish = scaled(&factors);
    let targets: Vec<usize> = (0..rows).map(|row| row * stride).collect();
    let panels = panels(right.columns);
    let across: usize = panels.iter().map(Pairs::width).sum();
    // The panels first, so that their rows are whole cache lines.
    with_scratch(pairs * across + rows * pairs, |scratch| {
        let (mut free, packed) = cast_slice_mut(scratch).split_at_mut(pairs * across);
        let mut rights = Vec::with_capacity(panels.len());
        for panel in &panels {
            let (target, after) = free.split_at_mut(pairs * Pairs::width(panel));
            pack_panel(unit, &right, 0..depth, panel, target);
            rights.push((panel, &*target));
            free = after;
        }
        let (starts, step) = pack_left(unit, &left, packed);
        let segments = [Segment { offset: 0, length: pairs }];
        let product = Pairs { left: cast_slice(packed), segments: &segments, step };
        // SAFETY: the caller's promise.
        unsafe { product.multiply(unit, (&starts, &targets), rights, output, |_| finish) }
    });
}
