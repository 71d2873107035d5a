//! The innermost loop: a tile of a product of pairs, by vectors or by AMX.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_ps,
};

use pulp::{Simd, bytemuck::cast_ref, f32x16};

use super::{Unit, pack::LANES, whole::put};
use crate::flex::{
    bf16::tiles::{self, Left, Permit, Rows, SUMS},
    panels::Panel,
    tile::{Finish, Segment, store},
};

/// The sums over k of `left[start + position(k)] * right[k][column]` of both elements of each pair, for every
/// start and every column of right sides.
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
}

/// A right side, and what happens to sums of its columns.
type Right<'a, 'f> = (&'a Panel, &'a [u32], Finish<'f>);

impl Pairs<'_> {
    /// Pairs in a row of a panel.
    pub(in crate::flex) fn width(panel: &Panel) -> usize {
        panel.vectors * LANES
    }

    /// Multiplies the rows that start at `starts` with every panel, whose rows are as wide as
    /// [`width`](Self::width) says and row-major, one for each k. What belongs to column 0 goes to its element
    /// of `targets` in `output`, and what belongs to a panel from its first column on, after `finish`.
    ///
    /// # Safety
    /// The columns of every panel from every target on are valid, are initialised where `finish` adds to them,
    /// and nothing else uses them during the call.
    ///
    /// # Panics
    /// If any other element would be outside its slice.
    pub(in crate::flex) unsafe fn multiply<'a, 'f>(
        &self,
        unit: Unit,
        rows: (&[usize], &[usize]),
        panels: impl IntoIterator<Item = (&'a Panel, &'a [u32])>,
        output: *mut f32,
        finish: impl Fn(&Panel) -> Finish<'f>,
    ) {
        assert_eq!(rows.0.len(), rows.1.len());
        let rights = panels.into_iter().map(|(panel, pairs)| (panel, pairs, finish(panel)));
        // SAFETY: the caller's promise; a unit exists only where the processor has the instructions.
        unsafe {
            match unit.tiles {
                Some(permit) => {
                    self.by_tiles(permit, unit, rows, &rights.collect::<Vec<_>>(), output)
                }
                None => rights.for_each(|right| self.by_vectors(unit, rows, right, output)),
            }
        }
    }

    /// # Safety
    /// That of [`multiply`](Self::multiply).
    #[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
    unsafe fn by_tiles(
        &self,
        permit: Permit,
        unit: Unit,
        (starts, targets): (&[usize], &[usize]),
        rights: &[Right<'_, '_>],
        output: *mut f32,
    ) {
        let left = Left { numbers: self.left, segments: self.segments, step: self.step };
        let place = |panel: &Panel| output.wrapping_add(panel.first);
        let cut = rights.iter().map(|&(panel, pairs, finish)| tiles::Right {
            pairs,
            stride: Pairs::width(panel),
            tiles: panel.vectors,
            output: (matches!(finish, Finish::Store) && panel.columns == SUMS)
                .then(|| place(panel)),
        });
        let cut: Vec<tiles::Right<'_>> = cut.collect();
        // SAFETY: the caller's promise.
        unsafe {
            tiles::multiply(permit, left, Rows { starts, targets }, &cut, |number, row, sums| {
                let (panel, _, finish) = rights[number];
                let target = place(panel).add(targets[row]);
                let target = std::slice::from_raw_parts_mut(target, panel.columns);
                let sums: &[f32x16; SUMS / LANES] = cast_ref(sums);
                store(unit.simd, sums, target, finish, targets[row]);
            });
        }
    }

    /// # Safety
    /// That of [`multiply`](Self::multiply).
    unsafe fn by_vectors(
        &self,
        unit: Unit,
        rows: (&[usize], &[usize]),
        (panel, pairs, finish): Right<'_, '_>,
        output: *mut f32,
    ) {
        assert!(panel.columns <= Self::width(panel));
        self.check(rows.0, pairs, Self::width(panel));
        // SAFETY: `check` has compared the furthest elements with the lengths of the slices; a unit
        // exists only where the processor has the instructions; the rest is the caller's promise.
        unsafe {
            let output = output.add(panel.first);
            let columns = panel.columns;
            match panel.vectors {
                1 => self.sized::<16, 1>(unit, rows, (pairs, columns), output, finish),
                2 => self.sized::<12, 2>(unit, rows, (pairs, columns), output, finish),
                3 => self.sized::<8, 3>(unit, rows, (pairs, columns), output, finish),
                _ => {
                    // What whole tiles leave of images with sides of 8, 16 or 32 are 4 rows.
                    let rest = rows.0.len() % 6;
                    let whole = rows.0.len() - if rest <= 4 { rest } else { 0 };
                    let (starts, targets) = (rows.0.split_at(whole), rows.1.split_at(whole));
                    let right = (pairs, columns);
                    self.sized::<6, 4>(unit, (starts.0, targets.0), right, output, finish);
                    self.sized::<4, 4>(unit, (starts.1, targets.1), right, output, finish);
                }
            }
        }
    }

    fn check(&self, starts: &[usize], right: &[u32], width: usize) {
        let count: usize = self.segments.iter().map(|segment| segment.length).sum();
        let last = |segment: &Segment| segment.offset + (segment.length - 1) * self.step;
        let filled = self.segments.iter().filter(|segment| segment.length > 0);
        if let (Some(furthest), Some(start)) = (filled.map(last).max(), starts.iter().max()) {
            assert!(start + furthest + 2 <= self.left.len());
            assert!(count * width <= right.len());
        }
    }

    /// # Safety
    /// That of [`multiply`](Self::multiply), after [`check`](Self::check).
    #[target_feature(enable = "avx512bf16,avx512vl,avx512dq,avx512cd")]
    unsafe fn sized<const ROWS: usize, const VECTORS: usize>(
        &self,
        unit: Unit,
        (starts, targets): (&[usize], &[usize]),
        (right, columns): (&[u32], usize),
        output: *mut f32,
        finish: Finish<'_>,
    ) {
        for (starts, targets) in starts.chunks(ROWS).zip(targets.chunks(ROWS)) {
            let mut all = [starts[0]; ROWS];
            all[..starts.len()].copy_from_slice(starts);
            // SAFETY: the caller's promise.
            let sums = unsafe { self.sums::<ROWS, VECTORS>(&all, right) };
            if columns == VECTORS * LANES
                && let Ok(targets) = <&[usize; ROWS]>::try_from(targets)
            {
                // SAFETY: the caller's promise.
                unsafe { put(&sums, targets, output, finish) };
                continue;
            }
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
        right: &[u32],
    ) -> [[__m512; VECTORS]; ROWS] {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        // SAFETY: all offsets are within the slices, by the caller's promise; vectors and pairs are read
        // unaligned, and any 512 bits are a vector of bf16.
        unsafe {
            let mut right = right.as_ptr();
            let mut rows = [self.left.as_ptr(); ROWS];
            for (row, start) in rows.iter_mut().zip(starts) {
                *row = row.add(*start);
            }
            for segment in self.segments {
                let mut position = segment.offset;
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
                    right = right.wrapping_add(VECTORS * LANES);
                    position += self.step;
                }
            }
        }
        sums
    }
}
