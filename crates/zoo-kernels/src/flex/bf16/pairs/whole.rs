//! What becomes of a tile all of whose rows and columns count: the same as [`store`](crate::flex::tile::store)
//! does, to the bit, but decided once for the tile and done from its registers.

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps,
    _mm512_storeu_ps,
};

use super::pack::LANES;
use crate::flex::{epilogue::Epilogue, tile::Finish};

/// Writes every row of `sums` from its target on to `output`, after which `finish` counts too.
///
/// # Safety
/// As many elements from every target on are valid, are initialised where `finish` adds to them, and nothing
/// else uses them during the call.
///
/// # Panics
/// If `finish` has less for each column or element.
#[inline]
#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
pub(super) unsafe fn put<const ROWS: usize, const VECTORS: usize>(
    sums: &[[__m512; VECTORS]; ROWS],
    targets: &[usize; ROWS],
    output: *mut f32,
    finish: Finish<'_>,
) {
    let columns = |values: &[f32]| assert!(values.len() >= VECTORS * LANES);
    // SAFETY: every place is within `VECTORS` vectors of a target, by the caller's promise; so are those of
    // the slices, which have been compared with that.
    unsafe {
        match finish {
            Finish::Store => each(sums, targets, |_, place, sum| {
                _mm512_storeu_ps(output.add(place), sum);
            }),
            Finish::Add => each(sums, targets, |_, place, sum| {
                let there = _mm512_loadu_ps(output.add(place));
                _mm512_storeu_ps(output.add(place), _mm512_add_ps(sum, there));
            }),
            Finish::Bias(bias) => {
                columns(bias);
                each(sums, targets, |column, place, sum| {
                    let bias = _mm512_loadu_ps(bias.as_ptr().add(column));
                    _mm512_storeu_ps(output.add(place), _mm512_add_ps(sum, bias));
                });
            }
            Finish::AddBias(bias) => {
                columns(bias);
                each(sums, targets, |column, place, sum| {
                    let bias = _mm512_loadu_ps(bias.as_ptr().add(column));
                    let there = _mm512_loadu_ps(output.add(place));
                    let sum = _mm512_add_ps(_mm512_add_ps(sum, there), bias);
                    _mm512_storeu_ps(output.add(place), sum);
                });
            }
            Finish::Then(epilogue) => then(sums, targets, output, epilogue),
        }
    }
}

/// # Safety
/// That of [`put`].
#[inline]
#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
unsafe fn then<const ROWS: usize, const VECTORS: usize>(
    sums: &[[__m512; VECTORS]; ROWS],
    targets: &[usize; ROWS],
    output: *mut f32,
    Epilogue { factors, addends, shortcut, relu }: Epilogue<'_>,
) {
    let factors = factors.unwrap_or(&[1.0; LANES * 4]);
    let width = VECTORS * LANES;
    assert!(factors.len() >= width && addends.len() >= width);
    // The larger of two is the second where neither is, so that it stays 0 of its sign, or not a number.
    let floor = _mm512_set1_ps(if relu { 0.0 } else { f32::NEG_INFINITY });
    // SAFETY: that of `put`.
    unsafe {
        let scaled = |column, sum| {
            let factor = _mm512_loadu_ps(factors.as_ptr().add(column));
            let addend = _mm512_loadu_ps(addends.as_ptr().add(column));
            _mm512_fmadd_ps(sum, factor, addend)
        };
        let Some(shortcut) = shortcut else {
            return each(sums, targets, |column, place, sum| {
                let value = _mm512_max_ps(floor, scaled(column, sum));
                _mm512_storeu_ps(output.add(place), value);
            });
        };
        assert!(targets.iter().all(|target| target + width <= shortcut.len()));
        each(sums, targets, |column, place, sum| {
            let beside = _mm512_loadu_ps(shortcut.as_ptr().add(place));
            let value = _mm512_max_ps(floor, _mm512_add_ps(scaled(column, sum), beside));
            _mm512_storeu_ps(output.add(place), value);
        });
    }
}

/// Calls `use_of` with the column, the place and the sums of every vector, one column after the other, so that
/// what belongs to the column is read once.
#[inline]
#[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
fn each<const ROWS: usize, const VECTORS: usize>(
    sums: &[[__m512; VECTORS]; ROWS],
    targets: &[usize; ROWS],
    use_of: impl Fn(usize, usize, __m512),
) {
    for vector in 0..VECTORS {
        let column = vector * LANES;
        for (sums, target) in sums.iter().zip(targets) {
            use_of(column, target + column, sums[vector]);
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Simd, f32x16};

    use super::*;
    use crate::flex::{
        bf16::pairs::Unit,
        tile::{Finish, store},
    };

    const WIDTH: usize = 2 * LANES;

    /// Numbers of all kinds.
    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |place: usize| match (place * 7 + seed) % 11 {
            0 => -0.0,
            1 => f32::NEG_INFINITY,
            2 => f32::NAN,
            3 => 0.0,
            _ => ((place * 37 + seed * 11) % 23) as f32 / 7.0 - 1.5,
        };
        (0..count).map(number).collect()
    }

    #[test]
    fn a_whole_tile_is_finished_as_its_rows_are() {
        let Some(unit) = Unit::find() else {
            return println!("skipped: the processor multiplies no pairs");
        };
        let sums: Vec<f32> = numbers(3 * WIDTH, 1);
        let (factors, addends, beside) = (numbers(WIDTH, 2), numbers(WIDTH, 3), numbers(200, 4));
        let mut finishes =
            vec![Finish::Store, Finish::Add, Finish::Bias(&addends), Finish::AddBias(&addends)];
        for factors in [None, Some(&factors[..])] {
            for shortcut in [None, Some(&beside[..])] {
                for relu in [false, true] {
                    let epilogue = Epilogue { factors, addends: &addends, shortcut, relu };
                    finishes.push(Finish::Then(epilogue));
                }
            }
        }
        let targets = [100, 3, 40];
        for (number, finish) in finishes.into_iter().enumerate() {
            let [mut found, mut expected] = [(); 2].map(|()| numbers(200, 5));
            let mut vectors = [[unit.simd.splat_f32s(0.0); 2]; 3];
            for (vector, sums) in vectors.as_flattened_mut().iter_mut().zip(sums.chunks(LANES)) {
                *vector = pulp::bytemuck::pod_read_unaligned(pulp::bytemuck::cast_slice(sums));
            }
            for (sums, target) in vectors.iter().zip(targets) {
                store(unit.simd, sums, &mut expected[target..target + WIDTH], finish, target);
            }
            // SAFETY: a unit exists only where the processor has the instructions; two vectors are the
            // same bytes by either name; the targets are within `found`.
            unsafe {
                let sums = std::mem::transmute::<[[f32x16; 2]; 3], [[__m512; 2]; 3]>(vectors);
                put(&sums, &targets, found.as_mut_ptr(), finish);
            }
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(&expected), "finish {number}");
        }
    }
}
