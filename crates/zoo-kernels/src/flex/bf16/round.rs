//! Rounding to bf16, the upper half of an f32: to the nearest, halves to even, as the processor's own
//! instruction does it. Numbers too small for a normal f32 become 0 of their sign, and what is not a
//! number stays so.

use rayon::prelude::*;

use crate::flex::{
    matmul::Matrix,
    simd::kernel,
    tensor::{CHUNK, Flat, SMALL, into_dense, like, uninit, values},
};

/// The tensor with its values rounded, dense.
pub(super) fn rounded(tensor: Flat) -> Flat {
    let tensor = into_dense(tensor);
    let values = values(&tensor);
    // SAFETY: `round_to` writes every element.
    let mut output = unsafe { uninit(values.len()) };
    match values.len() <= SMALL {
        true => round_to(values, &mut output),
        false => output
            .par_chunks_mut(CHUNK)
            .zip(values.par_chunks(CHUNK))
            .for_each(|(output, values)| round_to(values, output)),
    }
    like(output, &tensor)
}

/// Writes `values`, rounded, to `target`.
///
/// # Panics
/// If the lengths differ.
fn round_to(values: &[f32], target: &mut [f32]) {
    assert_eq!(values.len(), target.len());
    round_all(values, target);
}

/// A copy of `matrix` with its values rounded, in `target`.
///
/// # Panics
/// If neither rows nor columns are dense, or `target` has another size.
pub(super) fn round_matrix<'a>(matrix: Matrix<'_>, target: &'a mut [f32]) -> Matrix<'a> {
    if matrix.column_stride != 1 {
        assert_eq!(matrix.row_stride, 1, "rows or columns are dense");
        return round_matrix(matrix.transposed(), target).transposed();
    }
    let Matrix { values, rows, columns, row_stride, .. } = matrix;
    for (row, target) in target.chunks_exact_mut(columns).enumerate() {
        round_to(&values[row * row_stride..][..columns], target);
    }
    Matrix::new(target, rows, columns)
}

kernel! {
    fn round_all<S>(simd: S, values: &[f32], target: &mut [f32]) {
        let _ = simd;
        for (target, value) in target.iter_mut().zip(values) {
            *target = round(*value);
        }
    }
}

/// `value` as the nearest bf16.
#[inline(always)]
pub(super) fn round(value: f32) -> f32 {
    const SIGN: u32 = 0x8000_0000;
    const INFINITY: u32 = 0x7f80_0000;
    const SMALLEST_NORMAL: u32 = 0x0080_0000;
    let bits = value.to_bits();
    let size = bits & !SIGN;
    let nearest = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    // Rounding up could make infinity of a number that is none.
    let of_none = (bits | 0x0040_0000) & 0xffff_0000;
    let rounded = if size > INFINITY { of_none } else { nearest };
    f32::from_bits(if size < SMALLEST_NORMAL { bits & SIGN } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_taken_and_halves_go_to_even() {
        let cases: [(u32, u32); 11] = [
            (0x3f80_0000, 0x3f80_0000),
            (0x3f80_7fff, 0x3f80_0000),
            (0x3f80_8000, 0x3f80_0000),
            (0x3f80_8001, 0x3f81_0000),
            (0x3f81_8000, 0x3f82_0000),
            (0xbf81_8000, 0xbf82_0000),
            (0x7f7f_ffff, 0x7f80_0000),
            (0xff80_0000, 0xff80_0000),
            (0x7f80_0001, 0x7fc0_0000),
            (0x8070_0000, 0x8000_0000),
            (0x0080_0000, 0x0080_0000),
        ];
        for (value, expected) in cases {
            let found = round(f32::from_bits(value)).to_bits();
            assert_eq!(found, expected, "{value:x} became {found:x}");
        }
    }
}
