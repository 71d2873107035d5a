//! Products of pairs by AMX, whose instructions multiply tiles of 16 rows with tiles of 16 columns and add
//! the products to a tile of f32: Intel, Architecture Instruction Set Extensions Programming Reference,
//! chapter 3. Stable Rust has no names for them, so they are written in assembly.

mod block;
mod permit;
mod strip;

pub(super) use block::SUMS;
use block::{Block, Registers, Sums, Target};
pub(super) use permit::Permit;
pub(super) use strip::Left;
use strip::{Strip, Terms};

use pulp::bytemuck::cast_slice_mut;

use crate::flex::scratch::with_scratch;

/// What the instructions are called.
pub(super) const NAME: &str = "AMX";

/// Rows of a tile of the left side and of the sums.
const ROWS: usize = 16;

/// Columns of a tile of the right side and of the sums.
const COLUMNS: usize = 16;

/// Pairs in a row of a tile of the left side: what one step takes of all terms.
const PAIRS: usize = 16;

/// Floats that copies of the left side may take up, if they are more than two strips: as many as stay in the
/// second-level cache beside a panel.
const COPIES: usize = 6 << 12;

/// The right side of a product: row-major, a row of pairs for each pair of the left side.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) pairs: &'a [u32],
    /// Distance of the rows.
    pub(super) stride: usize,
    /// Columns of tiles, which fill at most [`SUMS`].
    pub(super) tiles: usize,
    /// Where a row's first sum goes that has the target 0, if a row's [`SUMS`] sums are stored as they are.
    pub(super) output: Option<*mut f32>,
}

/// The rows of the left side that are multiplied.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// Where each starts in the left side.
    pub(super) starts: &'a [usize],
    /// Where the results of each go.
    pub(super) targets: &'a [usize],
}

/// A right side cut into tiles.
struct Tiles<'a> {
    right: Right<'a>,
    /// The first tile of each step.
    first: Vec<*const u32>,
}

/// One strip or two, which are multiplied together.
struct Couple<'a> {
    strips: &'a [Strip],
    /// The tiles of each step, of one strip twice.
    tiles: Vec<[*const u16; 2]>,
}

/// Multiplies `rows` of `left` with each of `rights`. What is not stored in an output goes to `finish`: the
/// number of a right side, that of a row, and its sums.
///
/// A row's sums depend on its own terms alone. Steps take the same terms wherever they lie.
///
/// # Safety
/// For every right side with an output, [`SUMS`] floats from every target on can be written to, and nothing
/// else uses them.
///
/// # Panics
/// If a pair of `left` or a row of a right side is outside its slice.
pub(super) unsafe fn multiply(
    permit: Permit,
    left: Left<'_>,
    rows: Rows<'_>,
    rights: &[Right<'_>],
    mut finish: impl FnMut(usize, usize, &[f32; SUMS]),
) {
    assert_eq!(rows.starts.len(), rows.targets.len());
    let terms = Terms::new(permit, left, rows.starts);
    let mut sums = Sums::new();
    if terms.steps() == 0 {
        let each =
            (0..rights.len()).flat_map(|right| (0..rows.starts.len()).map(move |row| (right, row)));
        return each.for_each(|(right, row)| finish(right, row, sums.row(0)));
    }
    let registers = Registers::set_up(permit);
    let copy = terms.steps() * ROWS * PAIRS;
    let copies = 2 * (COPIES / copy / 2).max(1) * copy;
    let tail = if terms.pairs().is_multiple_of(PAIRS) { 0 } else { PAIRS * SUMS };
    with_scratch(copies + rights.len() * tail, |scratch| {
        let (copies, tails) = scratch.split_at_mut(copies);
        let mut tails = cast_slice_mut(tails).chunks_mut(tail.max(1));
        let tiles: Vec<Tiles<'_>> = rights
            .iter()
            .map(|right| Tiles::new(*right, terms.pairs(), tails.next().unwrap_or_default()))
            .collect();
        let mut first = 0;
        while first < rows.starts.len() {
            // Copies serve all right sides.
            let strips = terms.strips(&rows.starts[first..], copies);
            let couples: Vec<_> = strips.chunks(2).map(|two| Couple::new(&terms, two)).collect();
            for (number, tiles) in tiles.iter().enumerate() {
                let mut row = first;
                for couple in &couples {
                    let targets = &rows.targets[row..row + couple.rows().count()];
                    let straight = tiles.straight(couple, targets);
                    // SAFETY: `Terms` and `Tiles::new` have compared what the tiles read with the lengths
                    // of the slices, all of which outlive the call; there is room for all sums of two
                    // strips, by the caller's promise if they go straight to an output.
                    unsafe {
                        tiles.multiply(
                            &registers,
                            couple,
                            straight.unwrap_or_else(|| sums.targets()),
                        );
                    }
                    if straight.is_none() {
                        couple
                            .rows()
                            .zip(row..)
                            .for_each(|(place, row)| finish(number, row, sums.row(place)));
                    }
                    row += targets.len();
                }
            }
            first += couples.iter().map(|couple| couple.rows().count()).sum::<usize>();
        }
    });
}

impl<'a> Couple<'a> {
    fn new(terms: &Terms<'_>, strips: &'a [Strip]) -> Self {
        let both = [strips[0], strips[strips.len() - 1]];
        let tiles = (0..terms.steps()).map(|step| both.map(|strip| terms.tile(&strip, step)));
        Self { strips, tiles: tiles.collect() }
    }

    /// The rows of the tiles that count, those of the second after those of the first.
    fn rows(&self) -> impl Iterator<Item = usize> {
        let strips = self.strips.iter().enumerate();
        strips.flat_map(|(strip, rows)| rows.rows().map(move |row| strip * ROWS + row))
    }
}

impl<'a> Tiles<'a> {
    /// Those of `right`, the last in `tail` if the pairs do not fill it.
    ///
    /// # Panics
    /// If `right` has not as many rows as there are `pairs`, or more columns than there are sums.
    fn new(right: Right<'a>, pairs: usize, tail: &'a mut [u32]) -> Self {
        let (stride, columns) = (right.stride, right.tiles * COLUMNS);
        assert!(0 < columns && columns <= stride && stride <= SUMS);
        assert!((pairs - 1) * stride + columns <= right.pairs.len());
        let whole = pairs / PAIRS;
        let rest = right.pairs.get(whole * PAIRS * stride..).unwrap_or_default();
        let mut rows = rest.chunks(stride).take(pairs % PAIRS);
        for target in tail.chunks_exact_mut(stride).take(PAIRS) {
            match rows.next() {
                Some(row) => target[..columns].copy_from_slice(&row[..columns]),
                None => target.fill(0),
            }
        }
        let mut first: Vec<_> =
            (0..whole).map(|step| right.pairs[step * PAIRS * stride..].as_ptr()).collect();
        first.extend((whole * PAIRS < pairs).then_some(tail.as_ptr()));
        Self { right, first }
    }

    /// Where the sums of the strips go in the output, if that is what becomes of them and the rows of each are
    /// equally far apart there.
    fn straight(&self, couple: &Couple<'_>, targets: &[usize]) -> Option<[Target; 2]> {
        let output = self.right.output.filter(|_| self.right.tiles * COLUMNS == SUMS)?;
        if targets.len() != couple.strips.len() * ROWS {
            return None;
        }
        let mut found = [Target::new(output, 0); 2];
        for (found, targets) in found.iter_mut().zip(targets.chunks_exact(ROWS)) {
            let distance = targets[1].checked_sub(targets[0])?;
            if targets.windows(2).any(|two| two[0].checked_add(distance) != Some(two[1])) {
                return None;
            }
            *found = Target::new(output.wrapping_add(targets[0]), distance);
        }
        Some(found)
    }

    /// Writes the sums of the strips to a target each.
    ///
    /// # Safety
    /// The strips have as many pairs as these tiles, all tiles can be read, and 16 rows of [`SUMS`] sums can be
    /// written to the target of each strip.
    unsafe fn multiply(&self, registers: &Registers, couple: &Couple<'_>, targets: [Target; 2]) {
        let both = [couple.strips[0], couple.strips[couple.strips.len() - 1]];
        let block = Block {
            left: &couple.tiles,
            left_strides: both.map(|strip| strip.stride()),
            right: &self.first,
            right_stride: self.right.stride * size_of::<u32>(),
            tiles: self.right.tiles,
        };
        // SAFETY: the caller's promise; a column and the one beside it are two of four.
        unsafe {
            match couple.strips.len() {
                1 => block.wide(registers, targets[0]),
                _ => (0..self.right.tiles)
                    .step_by(2)
                    .for_each(|column| block.square(registers, targets, column)),
            }
        }
    }
}
