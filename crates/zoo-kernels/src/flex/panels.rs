//! The right side of matrix products, cut and packed into panels as wide as the vector registers.

use pulp::Simd;
use rayon::prelude::*;

use super::{simd::kernel, tensor::SMALL, tile::max_vectors};

/// Columns of the right side that one tile handles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel {
    /// The first column.
    pub(crate) first: usize,
    /// Columns that count.
    pub(crate) columns: usize,
    /// Vectors that hold them, the last perhaps in part.
    pub(crate) vectors: usize,
}

kernel! {
    /// Floats in a vector, and vectors across the widest tile.
    fn widths<S>(simd: S) -> (usize, usize) {
        let _ = simd;
        (S::F32_LANES, max_vectors::<S>())
    }
}

/// Cuts `columns` columns into panels.
pub(crate) fn panels(columns: usize) -> Vec<Panel> {
    let (lanes, most) = widths();
    (0..columns)
        .step_by(lanes * most)
        .map(|first| {
            let columns = (columns - first).min(lanes * most);
            Panel { first, columns, vectors: columns.div_ceil(lanes) }
        })
        .collect()
}

/// The right side of the products of one group, a panel after the other, each row-major and filled
/// up with zeros.
#[derive(Debug)]
pub(crate) struct Packed<T = f32> {
    pub(crate) panels: Vec<(Panel, Vec<T>)>,
}

impl Packed {
    /// Element (k, column) is `weights[rows[k] + column * stride]`.
    pub(crate) fn new(weights: &[f32], rows: &[usize], columns: usize, stride: usize) -> Self {
        let (lanes, _) = widths();
        // In the order of the weights, so that those that share a cache line are read together.
        let mut visits: Vec<usize> = (0..rows.len()).collect();
        visits.sort_unstable_by_key(|k| rows[*k]);
        let pack = |panel: Panel| {
            let width = panel.vectors * lanes;
            let mut values = vec![0.0; rows.len() * width];
            for &k in &visits {
                let start = rows[k] + panel.first * stride;
                let target = &mut values[k * width..][..panel.columns];
                if stride == 1 {
                    target.copy_from_slice(&weights[start..start + panel.columns]);
                    continue;
                }
                for (column, target) in target.iter_mut().enumerate() {
                    *target = weights[start + column * stride];
                }
            }
            (panel, values)
        };
        let panels = panels(columns);
        Self {
            panels: match rows.len() * columns <= SMALL {
                true => panels.into_iter().map(pack).collect(),
                false => panels.into_par_iter().map(pack).collect(),
            },
        }
    }

    /// Floats in a row of a panel.
    pub(crate) fn stride<S: Simd>(panel: &Panel) -> usize {
        panel.vectors * S::F32_LANES
    }
}

/// Copies `panel` of the row-major matrix `values`, whose rows are `stride` elements apart, to
/// `target`, which has whole vectors; the last is filled up with zeros. Returns the width of a row.
pub(crate) fn copy_panel<S: Simd>(
    panel: &Panel,
    values: &[f32],
    stride: usize,
    target: &mut [f32],
) -> usize {
    let width = Packed::stride::<S>(panel);
    for (target, row) in target.chunks_exact_mut(width).zip(values.chunks(stride)) {
        let (columns, rest) = target.split_at_mut(panel.columns);
        columns.copy_from_slice(&row[panel.first..panel.first + panel.columns]);
        rest.fill(0.0);
    }
    width
}
