//! Rounding to bf16 while operands are brought into the order in which they are multiplied.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_epi16, _mm512_mask_storeu_epi32, _mm512_maskz_loadu_ps,
    _mm512_permutexvar_epi16, _mm512_setzero_si512, _mm512_storeu_si512,
};

use super::Unit;
use crate::flex::bf16::turn::turn;

/// Floats in a vector.
pub(super) const LANES: usize = 16;

/// Bits for the first `count` of `LANES` elements.
fn mask(count: usize) -> u16 {
    if count >= LANES { u16::MAX } else { (1 << count) - 1 }
}

/// The vector at element `start` of `values`; beyond their end it is 0.
#[inline]
#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
fn vector(values: &[f32], start: usize) -> __m512 {
    // SAFETY: a whole vector is within the slice, or the mask leaves out what is beyond.
    unsafe {
        if start + LANES <= values.len() {
            return _mm512_loadu_ps(values.as_ptr().add(start));
        }
        let rest = &values[start.min(values.len())..];
        _mm512_maskz_loadu_ps(mask(rest.len()), rest.as_ptr())
    }
}

impl Unit {
    /// Writes `values`, rounded, to `target`, and zeros to what it has room for beyond.
    ///
    /// # Panics
    /// If `target` is shorter.
    pub(in crate::flex) fn round(self, values: &[f32], target: &mut [u16]) {
        assert!(values.len() <= target.len());
        // SAFETY: a unit exists only where the processor has the instructions.
        unsafe { round(values, target) }
    }

    /// Writes the pairs of the elements of `first` and `second` that lie side by side, and zeros to what
    /// `target` has room for beyond.
    ///
    /// # Panics
    /// If `target` is shorter than one of them.
    pub(in crate::flex) fn interleave(self, first: &[f32], second: &[f32], target: &mut [u32]) {
        assert!(first.len().max(second.len()) <= target.len());
        // SAFETY: a unit exists only where the processor has the instructions.
        unsafe { interleave(first, second, target) }
    }

    /// Writes the pairs of neighbours in `rows`, at most [`LANES`] of them, which are `stride` elements
    /// apart and of which `length` elements count: pair j of row i to `target[j * width + i]`. What is
    /// missing of the last pair or of `LANES` rows is 0.
    ///
    /// # Panics
    /// If a row or a pair is outside its slice.
    pub(super) fn transpose(
        self,
        (rows, stride, length): (usize, usize, usize),
        values: &[f32],
        (target, width): (&mut [u32], usize),
    ) {
        assert!(rows <= LANES && (rows == 0 || (rows - 1) * stride + length <= values.len()));
        let pairs = length.div_ceil(2);
        assert!(pairs == 0 || (pairs - 1) * width + LANES <= target.len());
        // SAFETY: a unit exists only where the processor has the instructions.
        unsafe { transpose((rows, stride, length), values, (target, width)) }
    }
}

#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
fn round(values: &[f32], target: &mut [u16]) {
    for (number, target) in target.chunks_mut(2 * LANES).enumerate() {
        let start = number * 2 * LANES;
        let both = _mm512_cvtne2ps_pbh(vector(values, start + LANES), vector(values, start));
        let length = target.len();
        let mask = ((1_u64 << length) - 1) as u32;
        // SAFETY: a bf16 vector and one of integers are the same 512 bits; the mask leaves out what is
        // beyond the slice.
        unsafe {
            let both = std::mem::transmute::<__m512bh, __m512i>(both);
            match length == 2 * LANES {
                true => _mm512_storeu_si512(target.as_mut_ptr().cast(), both),
                false => _mm512_mask_storeu_epi16(target.as_mut_ptr().cast(), mask, both),
            }
        }
    }
}

/// From the elements of two vectors, one after the other, to those side by side.
const SIDE_BY_SIDE: [u16; 32] = {
    let mut order = [0; 32];
    let mut place = 0;
    while place < 32 {
        order[place] = (place / 2 + place % 2 * LANES) as u16;
        place += 1;
    }
    order
};

#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
fn interleave(first: &[f32], second: &[f32], target: &mut [u32]) {
    // SAFETY: the array has 512 bits.
    let order = unsafe { _mm512_loadu_si512(SIDE_BY_SIDE.as_ptr().cast()) };
    for (number, target) in target.chunks_mut(LANES).enumerate() {
        let start = number * LANES;
        let both = _mm512_cvtne2ps_pbh(vector(second, start), vector(first, start));
        // SAFETY: a bf16 vector and one of integers are the same 512 bits; the mask leaves out what is
        // beyond the slice.
        unsafe {
            let pairs =
                _mm512_permutexvar_epi16(order, std::mem::transmute::<__m512bh, __m512i>(both));
            match target.len() == LANES {
                true => _mm512_storeu_si512(target.as_mut_ptr().cast(), pairs),
                false => {
                    _mm512_mask_storeu_epi32(target.as_mut_ptr().cast(), mask(target.len()), pairs)
                }
            }
        }
    }
}

#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
fn transpose(
    (rows, stride, length): (usize, usize, usize),
    values: &[f32],
    (target, width): (&mut [u32], usize),
) {
    for start in (0..length).step_by(2 * LANES) {
        let mut pairs = [_mm512_setzero_si512(); LANES];
        for (row, pairs) in pairs[..rows].iter_mut().enumerate() {
            let values = &values[row * stride..row * stride + length];
            let both = _mm512_cvtne2ps_pbh(vector(values, start + LANES), vector(values, start));
            // SAFETY: a bf16 vector and one of integers are the same 512 bits.
            *pairs = unsafe { std::mem::transmute::<__m512bh, __m512i>(both) };
        }
        let count = (length - start).div_ceil(2).min(LANES);
        for (pair, row) in turn(pairs)[..count].iter().enumerate() {
            let target = &mut target[(start / 2 + pair) * width..][..LANES];
            // SAFETY: the slice has room for a vector.
            unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), *row) }
        }
    }
}
