//! Rows past panels of a right side that are packed.

use pulp::bytemuck::cast_slice_mut;

use super::{Unit, tile::Pairs};
use crate::flex::{
    panels::{Packed, Panel},
    parallel::for_each,
    scratch::with_scratch,
    tensor::{Shared, uninit},
    tile::{Finish, Segment},
};

/// Rows that one task takes.
pub(super) const ROWS: usize = 96;

/// Terms that are summed before they are added to the sum of those before them: as many as keep a block
/// of a panel in the second-level cache.
pub(super) const DEPTH: usize = 512;

/// Multiply-adds that take less time than waking another thread.
pub(super) const SMALL: usize = 1 << 22;

/// What becomes of the sums of one block of terms.
fn finish_of(whole: Finish<'_>, first: bool, last: bool) -> Finish<'_> {
    match (first, last) {
        (true, true) => whole,
        (true, false) => Finish::Store,
        (false, true) => whole.adding(),
        (false, false) => Finish::Add,
    }
}

/// A product whose right side is packed, panel by panel, for the rows to go past it.
pub(super) struct Ready<'a> {
    pub(super) unit: Unit,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) finish: Finish<'a>,
}

impl Ready<'_> {
    /// Multiplies all rows of `left`, which have [`Self::stride`] numbers each, with the block of terms
    /// from `offset` on of `panel`.
    ///
    /// # Safety
    /// `output` has a row of all columns for each row of `left`, of which nothing else uses those of
    /// the panel; those of an `offset` above 0 have been written before.
    pub(super) unsafe fn block(
        &self,
        left: &[u16],
        offset: usize,
        panel: &Panel,
        right: &[u32],
        output: *mut f32,
    ) {
        let rows = left.len() / self.stride();
        let end = self.depth.min(offset + DEPTH);
        let segments = [Segment { offset, length: (end - offset).div_ceil(2) }];
        let product = Pairs { left, segments: &segments, step: 2 };
        let finish = self.finish.part(panel.first, panel.columns);
        let finish = finish_of(finish, offset == 0, end == self.depth);
        let starts: Vec<usize> = (0..rows).map(|row| row * self.stride()).collect();
        let targets: Vec<usize> = (0..rows).map(|row| row * self.columns).collect();
        let rows = (starts.as_slice(), targets.as_slice());
        // SAFETY: the caller's promise.
        unsafe { product.multiply(self.unit, rows, [(panel, right)], output, |_| finish) }
    }

    /// All rows of `left` past all panels, where tasks take rows.
    pub(super) fn rows_past(&self, left: &[f32], packed: &Packed<u32>) -> Vec<f32> {
        let (depth, columns) = (self.depth, self.columns);
        let rows = left.len() / depth;
        // SAFETY: each task writes all columns of its rows.
        let mut output = unsafe { uninit(rows * columns) };
        let shared = Shared::new(&mut output);
        for_each(rows.div_ceil(ROWS), |number| {
            let first = number * ROWS;
            let count = ROWS.min(rows - first);
            with_scratch(count * self.stride() / 2, |scratch| {
                let rounded: &mut [u16] = cast_slice_mut(scratch);
                self.round(&left[first * depth..][..count * depth], rounded);
                for (panel, pairs) in &packed.panels {
                    // SAFETY: no other task has these rows, and `output` outlives the loop.
                    unsafe {
                        let output = shared.pointer(first * columns);
                        self.panel(rounded, panel, pairs, output);
                    }
                }
            });
        });
        output
    }

    /// The same where tasks take panels.
    pub(super) fn panels_past(&self, left: &[f32], packed: &Packed<u32>) -> Vec<f32> {
        let rows = left.len() / self.depth;
        let mut rounded = vec![0; rows * self.stride()];
        self.round(left, &mut rounded);
        // SAFETY: each task writes all rows of its columns.
        let mut output = unsafe { uninit(rows * self.columns) };
        let shared = Shared::new(&mut output);
        let task_panels = match rows * self.depth * self.columns <= SMALL {
            true => packed.panels.len(),
            false => 1,
        };
        let tasks: Vec<_> = packed.panels.chunks(task_panels).collect();
        for_each(tasks.len(), |number| {
            for (panel, pairs) in tasks[number] {
                // SAFETY: no other task has this panel, and `output` outlives the loop.
                unsafe { self.panel(&rounded, panel, pairs, shared.pointer(0)) };
            }
        });
        output
    }

    /// All blocks of a packed panel.
    ///
    /// # Safety
    /// That of [`Self::block`].
    pub(super) unsafe fn panel(
        &self,
        left: &[u16],
        panel: &Panel,
        pairs: &[u32],
        output: *mut f32,
    ) {
        for offset in (0..self.depth).step_by(DEPTH) {
            let right = &pairs[offset / 2 * Pairs::width(panel)..];
            // SAFETY: the caller's promise; the blocks before have written all that this one adds to.
            unsafe { self.block(left, offset, panel, right, output) };
        }
    }

    /// 16-bit numbers in a row of the left side: pairs are whole.
    pub(super) fn stride(&self) -> usize {
        self.depth.next_multiple_of(2)
    }

    pub(super) fn round(&self, left: &[f32], target: &mut [u16]) {
        let rows = left.chunks_exact(self.depth);
        for (row, target) in rows.zip(target.chunks_exact_mut(self.stride())) {
            self.unit.round(row, target);
        }
    }
}
