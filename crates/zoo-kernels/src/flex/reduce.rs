//! Sums over the rows of a matrix.

use rayon::prelude::*;

use super::{
    simd::{kernel, zip},
    tensor::CHUNK,
};

/// The sum of each column of the row-major matrix `values`, in an order that does not depend on the
/// threads.
pub(crate) fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = (CHUNK / columns).max(1);
    if values.len() <= rows * columns {
        let mut sums = vec![0.0; columns];
        add_rows(values, &mut sums);
        return sums;
    }
    let parts: Vec<Vec<f32>> = values
        .par_chunks(rows * columns)
        .map(|values| {
            let mut sums = vec![0.0; columns];
            add_rows(values, &mut sums);
            sums
        })
        .collect();
    add_parts(parts)
}

/// The sum of `parts`, the first first.
///
/// # Panics
/// If there are none.
pub(crate) fn add_parts(parts: Vec<Vec<f32>>) -> Vec<f32> {
    parts
        .into_iter()
        .reduce(|mut sums, part| {
            for (sum, value) in sums.iter_mut().zip(part) {
                *sum += value;
            }
            sums
        })
        .expect("a matrix has at least one row")
}

kernel! {
    /// Adds every row of `values` to `sums`.
    fn add_rows<S>(simd: S, values: &[f32], sums: &mut [f32]) {
        let columns = sums.len();
        let mut fours = values.chunks_exact(4 * columns);
        for four in &mut fours {
            let (a, rest) = four.split_at(columns);
            let (b, rest) = rest.split_at(columns);
            let (c, d) = rest.split_at(columns);
            for (sum, (((a, b), c), d)) in sums.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
                *sum += (a + b) + (c + d);
            }
        }
        for row in fours.remainder().chunks_exact(columns) {
            zip(simd, sums, row, #[inline(always)] |sum, value| simd.add_f32s(sum, value));
        }
    }
}
