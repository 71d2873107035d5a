//! A right side that is packed once and multiplied with several left sides, on the calling thread.

use pulp::bytemuck::{cast_slice, cast_slice_mut};

use super::{
    Unit,
    matrix::{WIDEST, pack_left, pack_panel, scaled},
    tile::Pairs,
};
use crate::flex::{
    matmul::Matrix,
    panels::{Panel, panels},
    scratch::with_scratch,
    tile::Segment,
};

/// The right side, a panel after the other.
pub(in crate::flex) struct Side<'a> {
    unit: Unit,
    depth: usize,
    panels: Vec<Panel>,
    pairs: &'a [u32],
}

impl<'a> Side<'a> {
    /// Floats that [`new`](Self::new) packs `right` to.
    pub(in crate::flex) fn floats(right: &Matrix<'_>) -> usize {
        let widths = panels(right.columns).iter().map(Pairs::width).sum::<usize>();
        right.rows.div_ceil(2) * widths
    }

    /// Packs `right` to `target`.
    ///
    /// # Panics
    /// If neither the rows nor the columns of `right` are dense, or `target` is too short.
    pub(in crate::flex) fn new(unit: Unit, right: &Matrix<'_>, target: &'a mut [f32]) -> Self {
        let (depth, panels) = (right.rows, panels(right.columns));
        let pairs: &mut [u32] = cast_slice_mut(target);
        let mut rest = &mut *pairs;
        for panel in &panels {
            let (packed, after) = rest.split_at_mut(depth.div_ceil(2) * Pairs::width(panel));
            pack_panel(unit, right, 0..depth, panel, packed);
            rest = after;
        }
        Self { unit, depth, panels, pairs }
    }

    /// Writes `factor * left * self` to the row-major matrix `output`, whose rows are `stride` elements apart:
    /// the bits of [`multiply_to`](super::multiply_to).
    ///
    /// # Safety
    /// All elements of the result are valid, and nothing else uses them during the call.
    ///
    /// # Panics
    /// If the sizes do not fit each other, or neither rows nor columns of `left` are dense.
    pub(in crate::flex) unsafe fn multiply_to(
        &self,
        left: &Matrix<'_>,
        factor: f32,
        (output, stride): (*mut f32, usize),
    ) {
        assert_eq!(left.columns, self.depth);
        let pairs = self.depth.div_ceil(2);
        let factors = [factor; WIDEST];
        let targets: Vec<usize> = (0..left.rows).map(|row| row * stride).collect();
        with_scratch(left.rows * pairs, |scratch| {
            let packed: &mut [u32] = cast_slice_mut(scratch);
            let (starts, step) = pack_left(self.unit, left, packed);
            let mut rest = self.pairs;
            let panels = self.panels.iter().map(|panel| {
                let (right, after) = rest.split_at(pairs * Pairs::width(panel));
                rest = after;
                (panel, right)
            });
            let segments = [Segment { offset: 0, length: pairs }];
            let product = Pairs { left: cast_slice(packed), segments: &segments, step };
            let (rows, finish) = ((&starts[..], &targets[..]), scaled(&factors));
            // SAFETY: the caller's promise.
            unsafe { product.multiply(self.unit, rows, panels, output, |_| finish) }
        });
    }
}
