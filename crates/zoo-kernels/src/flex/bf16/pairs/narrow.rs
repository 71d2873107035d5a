//! Packing of numbers that are bf16 already.

use rayon::prelude::*;

use super::tile::Pairs;
use crate::flex::panels::{Packed, panels};

/// All panels of a row-major right side of `columns` columns, of the bits of its numbers: what
/// `pack` makes of the same numbers in f32.
pub(in crate::flex) fn pack_halves(halves: &[u16], columns: usize) -> Packed<u32> {
    let rows = halves.len() / columns;
    let panels = panels(columns).into_par_iter();
    let packed = panels.map(|panel| {
        let width = Pairs::width(&panel);
        let mut pairs = vec![0; rows.div_ceil(2) * width];
        let both = halves.chunks(2 * columns);
        for (both, target) in both.zip(pairs.chunks_exact_mut(width)) {
            let (first, second) = both.split_at(columns);
            let of_panel = panel.first..panel.first + panel.columns;
            for (target, half) in target.iter_mut().zip(&first[of_panel.clone()]) {
                *target = u32::from(*half);
            }
            // The last row of an odd number has none beside it.
            let second = second.get(of_panel).unwrap_or_default();
            for (target, half) in target.iter_mut().zip(second) {
                *target |= u32::from(*half) << 16;
            }
        }
        (panel, pairs)
    });
    Packed { panels: packed.collect() }
}
