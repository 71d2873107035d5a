//! Two products, one after the other with a function between them, of which no more than a task's rows are in
//! memory at a time.

use pulp::bytemuck::cast_slice_mut;

use super::{
    Unit,
    matrix::WIDEST,
    ready::{ROWS, Ready},
};
use crate::flex::{
    panels::{Packed, Panel},
    parallel::for_each,
    scratch::with_scratch,
    tensor::{Shared, uninit},
    tile::Finish,
};

/// A right side that is packed, and a bias for each of its columns.
pub(in crate::flex) struct Layer<'a> {
    pub(in crate::flex) packed: &'a Packed<u32>,
    pub(in crate::flex) bias: &'a [f32],
}

/// `second(change(first(rows)))` for the rows of `left`, which have `depth` terms, of rounded operands: the bits of
/// one after the other. `change` is given some of the features at a time.
pub(in crate::flex) fn multiply_twice(
    unit: Unit,
    (left, depth): (&[f32], usize),
    first: &Layer<'_>,
    change: impl Fn(&mut [f32]) + Sync,
    second: &Layer<'_>,
) -> Vec<f32> {
    let (rows, hidden, columns) = (left.len() / depth, first.bias.len(), second.bias.len());
    let before = Ready { unit, depth, columns: hidden, finish: Finish::Bias(first.bias) };
    let after = Ready { unit, depth: hidden, columns, finish: Finish::Bias(second.bias) };
    // SAFETY: each task writes all columns of its rows.
    let mut output = unsafe { uninit(rows * columns) };
    let shared = Shared::new(&mut output);
    for_each(rows.div_ceil(ROWS), |number| {
        let start = number * ROWS;
        let count = ROWS.min(rows - start);
        let sizes = [count * WIDEST, count * before.stride() / 2, count * after.stride() / 2];
        with_scratch(sizes.iter().sum(), |scratch| {
            let (sums, scratch) = scratch.split_at_mut(sizes[0]);
            let (left_of, hidden_of) = scratch.split_at_mut(sizes[1]);
            let left_of: &mut [u16] = cast_slice_mut(left_of);
            let hidden_of: &mut [u16] = cast_slice_mut(hidden_of);
            before.round(&left[start * depth..][..count * depth], left_of);
            for (panel, pairs) in &first.packed.panels {
                let sums = &mut sums[..count * panel.columns];
                before.panel_alone(left_of, panel, pairs, sums);
                change(sums);
                let rows = sums.chunks_exact(panel.columns);
                for (row, target) in rows.zip(hidden_of.chunks_exact_mut(after.stride())) {
                    let is_last = panel.first + panel.columns == hidden;
                    let end = if is_last { after.stride() } else { panel.first + panel.columns };
                    unit.round(row, &mut target[panel.first..end]);
                }
            }
            for (panel, pairs) in &second.packed.panels {
                // SAFETY: no other task has these rows, and `output` outlives the loop.
                unsafe { after.panel(hidden_of, panel, pairs, shared.pointer(start * columns)) };
            }
        });
    });
    output
}

impl Ready<'_> {
    /// All blocks of a packed panel, to `output`, which has only its columns.
    ///
    /// # Panics
    /// If `output` has not a row for each row of `left`.
    fn panel_alone(&self, left: &[u16], panel: &Panel, pairs: &[u32], output: &mut [f32]) {
        let alone = Ready {
            columns: panel.columns,
            finish: self.finish.part(panel.first, panel.columns),
            ..*self
        };
        assert_eq!(output.len(), left.len() / self.stride() * panel.columns);
        // SAFETY: `output` has a row of all columns for each row of the left side, and is borrowed mutably.
        unsafe { alone.panel(left, &Panel { first: 0, ..*panel }, pairs, output.as_mut_ptr()) }
    }
}
