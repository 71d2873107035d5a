//! Strips of rows of the left side, as tiles read them: where they lie, if they are equally far apart and
//! a tile's pairs are neighbours, or else from a copy that has this order.

use std::arch::x86_64::__m512i;

use pulp::bytemuck::cast_slice_mut;

use super::{PAIRS, Permit, ROWS};
use crate::flex::{bf16::turn::turn, tile::Segment};

/// Rows of a tile that must count, if there are so many, for it to be read where it lies. The others are
/// those between two lines of an image.
const MANY: usize = 12;

/// The left side of a product.
#[derive(Clone, Copy)]
pub(in crate::flex::bf16) struct Left<'a> {
    /// bf16 numbers; a pair is any two neighbours.
    pub(in crate::flex::bf16) numbers: &'a [u16],
    /// Where a row's pairs lie, beside its own start; the length counts pairs.
    pub(in crate::flex::bf16) segments: &'a [Segment],
    /// Elements from one pair of a segment to the next.
    pub(in crate::flex::bf16) step: usize,
}

/// The terms of each row, cut into tiles.
pub(super) struct Terms<'a> {
    permit: Permit,
    left: Left<'a>,
    pairs: usize,
    /// Where each tile starts beside its row's start, if the pairs of all of them are neighbours.
    tiles: Option<Vec<usize>>,
}

/// Rows that a tile reads together.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    /// The first number of the first row.
    first: *const u16,
    /// Numbers from a row to the next.
    distance: usize,
    is_copy: bool,
    /// Rows of the tile that count.
    places: [usize; ROWS],
    count: usize,
}

impl Strip {
    /// Bytes from a row of a tile to the next.
    pub(super) fn stride(&self) -> usize {
        self.distance * size_of::<u16>()
    }

    /// The rows of the tile that count, in their order.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = usize> {
        self.places.into_iter().take(self.count)
    }
}

impl<'a> Terms<'a> {
    /// Those of rows that start at `starts`.
    ///
    /// # Panics
    /// If one of them is outside its slice.
    pub(super) fn new(permit: Permit, left: Left<'a>, starts: &[usize]) -> Self {
        let filled = left.segments.iter().filter(|segment| segment.length > 0);
        let last = filled.map(|segment| segment.offset + (segment.length - 1) * left.step).max();
        if let (Some(last), Some(start)) = (last, starts.iter().max()) {
            assert!(start + last + 2 <= left.numbers.len());
        }
        let are_whole = left.segments.iter().all(|segment| segment.length.is_multiple_of(PAIRS));
        let tiles = left.segments.iter().flat_map(|segment| {
            (0..segment.length).step_by(PAIRS).map(|pair| segment.offset + 2 * pair)
        });
        Self {
            permit,
            left,
            pairs: left.segments.iter().map(|segment| segment.length).sum(),
            tiles: (left.step == 2 && are_whole).then(|| tiles.collect()),
        }
    }

    /// Pairs of each row.
    pub(super) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Tiles that hold these.
    pub(super) fn steps(&self) -> usize {
        self.pairs.div_ceil(PAIRS)
    }

    /// Strips of the rows from the first of `starts` on, two by two, for as long as `scratch` has room for the
    /// copies of two more: one tile of each step.
    pub(super) fn strips(&self, mut starts: &[usize], scratch: &mut [f32]) -> Vec<Strip> {
        let mut strips: Vec<Strip> = Vec::new();
        let mut copies = scratch.chunks_exact_mut(self.steps() * ROWS * PAIRS);
        while !starts.is_empty() && (copies.len() >= 2 || strips.len() % 2 == 1) {
            let strip = self.in_place(starts).unwrap_or_else(|| {
                let copy = copies.next().expect("there is room for two");
                self.copied(&starts[..starts.len().min(ROWS)], copy)
            });
            starts = &starts[strip.count..];
            strips.push(strip);
        }
        strips
    }

    fn copied(&self, starts: &[usize], target: &mut [f32]) -> Strip {
        match self.left.step {
            2 => self.copy(starts, cast_slice_mut(target)),
            _ => self.turn(starts, cast_slice_mut(target)),
        }
        Strip {
            first: target.as_ptr().cast(),
            distance: 2 * PAIRS,
            is_copy: true,
            places: std::array::from_fn(|place| place),
            count: starts.len(),
        }
    }

    /// The tile of a strip that a step reads.
    pub(super) fn tile(&self, strip: &Strip, step: usize) -> *const u16 {
        let offset = match &self.tiles {
            Some(tiles) if !strip.is_copy => tiles[step],
            _ => step * ROWS * 2 * PAIRS,
        };
        strip.first.wrapping_add(offset)
    }

    fn in_place(&self, starts: &[usize]) -> Option<Strip> {
        let tiles = self.tiles.as_ref()?;
        let first = starts[0];
        let distance = starts.get(1).map_or(0, |second| second.saturating_sub(first));
        let (mut places, mut count) = ([0; ROWS], 1);
        for start in starts[1..].iter().take(ROWS - 1) {
            let ahead = start.saturating_sub(first);
            let Some(place) = ahead.checked_div(distance) else { break };
            if !ahead.is_multiple_of(distance) || !(places[count - 1] + 1..ROWS).contains(&place) {
                break;
            }
            places[count] = place;
            count += 1;
        }
        let end = first + (ROWS - 1) * distance + tiles.iter().max()? + 2 * PAIRS;
        let fits = count >= starts.len().min(MANY) && end <= self.left.numbers.len();
        let first = self.left.numbers[first..].as_ptr();
        fits.then_some(Strip { first, distance, is_copy: false, places, count })
    }

    /// Copies rows whose pairs are neighbours.
    fn copy(&self, starts: &[usize], target: &mut [u16]) {
        const TILE: usize = ROWS * 2 * PAIRS;
        for (row, start) in starts.iter().enumerate() {
            let mut place = 0;
            for segment in self.left.segments {
                let mut rest = &self.left.numbers[start + segment.offset..][..2 * segment.length];
                while !rest.is_empty() {
                    let (step, within) = (place / (2 * PAIRS), place % (2 * PAIRS));
                    let (some, after) = rest.split_at(rest.len().min(2 * PAIRS - within));
                    let target = &mut target[step * TILE + row * 2 * PAIRS + within..];
                    target[..some.len()].copy_from_slice(some);
                    place += some.len();
                    rest = after;
                }
            }
            let (step, within) = (place / (2 * PAIRS), place % (2 * PAIRS));
            if within > 0 {
                target[step * TILE + row * 2 * PAIRS..][within..2 * PAIRS].fill(0);
            }
        }
    }

    /// Copies rows whose pairs are apart: what is a row of a square of pairs becomes a column.
    fn turn(&self, starts: &[usize], target: &mut [u32]) {
        let are_neighbours = starts.len() == ROWS
            && starts.windows(2).all(|two| two[0].checked_add(2) == Some(two[1]));
        let mut positions = self.left.segments.iter().flat_map(|segment| {
            (0..segment.length).map(|pair| segment.offset + pair * self.left.step)
        });
        for target in target.chunks_exact_mut(ROWS * PAIRS) {
            let mut square = [[0; ROWS]; PAIRS];
            for (pairs, position) in square.iter_mut().zip(&mut positions) {
                match are_neighbours {
                    true => self.neighbours(starts[0] + position, pairs),
                    false => pairs
                        .iter_mut()
                        .zip(starts)
                        .for_each(|(pair, start)| *pair = self.pair(start + position)),
                }
            }
            target.copy_from_slice(turned(self.permit, square).as_flattened());
        }
    }

    fn pair(&self, place: usize) -> u32 {
        let two = &self.left.numbers[place..place + 2];
        u32::from(two[0]) | u32::from(two[1]) << 16
    }

    fn neighbours(&self, place: usize, pairs: &mut [u32; ROWS]) {
        let numbers = self.left.numbers[place..place + 2 * ROWS].chunks_exact(2);
        for (pair, two) in pairs.iter_mut().zip(numbers) {
            *pair = u32::from(two[0]) | u32::from(two[1]) << 16;
        }
    }
}

/// The square with its columns as rows.
fn turned(_: Permit, square: [[u32; ROWS]; PAIRS]) -> [[u32; PAIRS]; ROWS] {
    // SAFETY: a permit exists only where AVX-512 does; 16 vectors and a square of 16 by 16 are the same
    // bytes.
    unsafe {
        let rows = std::mem::transmute::<[[u32; ROWS]; PAIRS], [__m512i; ROWS]>(square);
        std::mem::transmute::<[__m512i; ROWS], [[u32; PAIRS]; ROWS]>(turn(rows))
    }
}
