//! The innermost loop: a tile of a product of pairs, by vectors or by AMX.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_ps,
};

use pulp::{Simd, bytemuck::cast_ref, f32x16};

use super::{Unit, pack::LANES};
use crate::flex::{
    bf16::tiles::{self, Left, Permit, Right, SUMS},
    panels::Panel,
    tile::{Finish, Segment, store},
};

/// The sum over k of `left[start + position(k)] * right[k][column]` of both elements of each pair, for
/// every start and column.
///
/// The positions are those of `segments` one after the other; k counts the pairs of all of them.
#[derive(Clone, Copy)]
pub(in crate::flex) struct Pairs<'a> {
    /// bf16 numbers; a pair is any two neighbours.
    pub(in crate::flex) left: &'a [u16],
    /// What `left` is read at, beside the row's own start; the length counts pairs.
    pub(in crate::flex) segments: &'a [Segment],
    /// Elements from one pair of a segment to the next.
    pub(in crate::flex) step: usize,
    /// Row-major, a row of pairs for each k.
    pub(in crate::flex) right: &'a [u32],
    /// Distance of the rows of `right`.
    pub(in crate::flex) stride: usize,
}

impl Pairs<'_> {
    /// Pairs in a row of a panel.
    pub(in crate::flex) fn width(panel: &Panel) -> usize {
        panel.vectors * LANES
    }

    /// Computes the first `columns` columns of the rows that start at `starts`, and writes each from its
    /// element of `targets` on to `output`, after which `finish` counts too.
    ///
    /// `right` must have `vectors` whole vectors a row, also where `columns` are fewer.
    ///
    /// # Safety
    /// The first `columns` elements from every target on are valid, are initialised where `finish` adds
    /// to them, and nothing else uses them during the call.
    ///
    /// # Panics
    /// If any other element would be outside its slice.
    pub(in crate::flex) unsafe fn rows(
        &self,
        unit: Unit,
        rows: (&[usize], &[usize]),
        (columns, vectors): (usize, usize),
        output: *mut f32,
        finish: Finish<'_>,
    ) {
        assert_eq!(rows.0.len(), rows.1.len());
        assert!(columns <= vectors * LANES);
        if let Some(permit) = unit.tiles {
            // SAFETY: the caller's promise; a unit exists only where the processor has the instructions.
            return unsafe {
                self.by_tiles(permit, unit, rows, (columns, vectors), output, finish)
            };
        }
        self.check(rows.0, vectors * LANES);
        // SAFETY: `check` has compared the furthest elements with the lengths of the slices; a unit
        // exists only where the processor has the instructions; the rest is the caller's promise.
        unsafe {
            match vectors {
                1 => self.sized::<16, 1>(unit, rows, columns, output, finish),
                2 => self.sized::<12, 2>(unit, rows, columns, output, finish),
                3 => self.sized::<8, 3>(unit, rows, columns, output, finish),
                _ => self.sized::<6, 4>(unit, rows, columns, output, finish),
            }
        }
    }

    /// # Safety
    /// That of [`rows`](Self::rows).
    #[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
    unsafe fn by_tiles(
        &self,
        permit: Permit,
        unit: Unit,
        (starts, targets): (&[usize], &[usize]),
        (columns, vectors): (usize, usize),
        output: *mut f32,
        finish: Finish<'_>,
    ) {
        let left = Left { numbers: self.left, segments: self.segments, step: self.step };
        let right = Right { pairs: self.right, stride: self.stride, tiles: vectors };
        tiles::multiply(permit, left, starts, right, |row, sums| {
            // SAFETY: the caller's promise.
            let target =
                unsafe { std::slice::from_raw_parts_mut(output.add(targets[row]), columns) };
            let sums: &[f32x16; SUMS / LANES] = cast_ref(sums);
            store(unit.simd, sums, target, finish, targets[row]);
        });
    }

    fn check(&self, starts: &[usize], columns: usize) {
        let count: usize = self.segments.iter().map(|segment| segment.length).sum();
        let last = |segment: &Segment| segment.offset + (segment.length - 1) * self.step;
        let filled = self.segments.iter().filter(|segment| segment.length > 0);
        if let (Some(furthest), Some(start)) = (filled.map(last).max(), starts.iter().max()) {
            assert!(start + furthest + 2 <= self.left.len());
            assert!((count - 1) * self.stride + columns <= self.right.len());
        }
    }

    /// # Safety
    /// That of [`rows`](Self::rows), after [`check`](Self::check).
    #[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
    unsafe fn sized<const ROWS: usize, const VECTORS: usize>(
        &self,
        unit: Unit,
        (starts, targets): (&[usize], &[usize]),
        columns: usize,
        output: *mut f32,
        finish: Finish<'_>,
    ) {
        for (starts, targets) in starts.chunks(ROWS).zip(targets.chunks(ROWS)) {
            let mut all = [starts[0]; ROWS];
            all[..starts.len()].copy_from_slice(starts);
            // SAFETY: the caller's promise.
            let sums = unsafe { self.sums::<ROWS, VECTORS>(&all) };
            for (sums, &target) in sums.iter().zip(targets) {
                let mut vectors = [unit.simd.splat_f32s(0.0); VECTORS];
                for (vector, sum) in vectors.iter_mut().zip(sums) {
                    // SAFETY: both are 16 floats.
                    *vector = unsafe { std::mem::transmute::<__m512, f32x16>(*sum) };
                }
                // SAFETY: the caller's promise.
                let row = unsafe { std::slice::from_raw_parts_mut(output.add(target), columns) };
                store(unit.simd, &vectors, row, finish, target);
            }
        }
    }

    /// # Safety
    /// Every pair of the left side at `starts` and the segments' positions, and `VECTORS` vectors of
    /// every row of the right side, are within their slices.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
    unsafe fn sums<const ROWS: usize, const VECTORS: usize>(
        &self,
        starts: &[usize; ROWS],
    ) -> [[__m512; VECTORS]; ROWS] {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        // SAFETY: all offsets are within the slices, by the caller's promise; vectors and pairs are read
        // unaligned, and any 512 bits are a vector of bf16.
        unsafe {
            let mut right = self.right.as_ptr();
            for segment in self.segments {
                let mut rows = [self.left.as_ptr().add(segment.offset); ROWS];
                for (row, start) in rows.iter_mut().zip(starts) {
                    *row = row.add(*start);
                }
                let mut position = 0;
                for _ in 0..segment.length {
                    let mut vectors = [_mm512_loadu_si512(right.cast()); VECTORS];
                    for (v, vector) in vectors.iter_mut().enumerate().skip(1) {
                        *vector = _mm512_loadu_si512(right.add(v * LANES).cast());
                    }
                    for (sums, row) in sums.iter_mut().zip(rows) {
                        let pair = row.add(position).cast::<i32>().read_unaligned();
                        let pair: __m512bh = std::mem::transmute(_mm512_set1_epi32(pair));
                        for (sum, vector) in sums.iter_mut().zip(vectors) {
                            *sum = _mm512_dpbf16_ps(
                                *sum,
                                pair,
                                std::mem::transmute::<__m512i, __m512bh>(vector),
                            );
                        }
                    }
                    right = right.wrapping_add(self.stride);
                    position += self.step;
                }
            }
        }
        sums
    }
}
