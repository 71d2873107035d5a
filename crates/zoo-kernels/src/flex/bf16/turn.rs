//! A square of 32-bit elements turned in the registers.

use std::arch::x86_64::{
    __m512i, _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

/// Elements in a vector.
const SIDE: usize = 16;

/// The transpose of a square of 32-bit elements.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn turn(rows: [__m512i; SIDE]) -> [__m512i; SIDE] {
    // Within each quarter of a vector, squares of 4 rows are turned; then the quarters change places.
    let mut fours = [_mm512_setzero_si512(); SIDE];
    for group in 0..4 {
        let [a, b, c, d] =
            [rows[4 * group], rows[4 * group + 1], rows[4 * group + 2], rows[4 * group + 3]];
        let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (low2, high2) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        fours[4 * group] = _mm512_unpacklo_epi64(low, low2);
        fours[4 * group + 1] = _mm512_unpackhi_epi64(low, low2);
        fours[4 * group + 2] = _mm512_unpacklo_epi64(high, high2);
        fours[4 * group + 3] = _mm512_unpackhi_epi64(high, high2);
    }
    let mut turned = [_mm512_setzero_si512(); SIDE];
    for column in 0..4 {
        let [a, b, c, d] =
            [fours[column], fours[4 + column], fours[8 + column], fours[12 + column]];
        let even = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b);
        let odd = _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b);
        let even2 = _mm512_shuffle_i32x4::<0b10_00_10_00>(c, d);
        let odd2 = _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d);
        turned[column] = _mm512_shuffle_i32x4::<0b10_00_10_00>(even, even2);
        turned[4 + column] = _mm512_shuffle_i32x4::<0b10_00_10_00>(odd, odd2);
        turned[8 + column] = _mm512_shuffle_i32x4::<0b11_01_11_01>(even, even2);
        turned[12 + column] = _mm512_shuffle_i32x4::<0b11_01_11_01>(odd, odd2);
    }
    turned
}
