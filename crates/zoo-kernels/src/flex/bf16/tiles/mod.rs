//! Products of pairs by AMX, whose instructions multiply tiles of 16 rows with tiles of 16 columns and add
//! the products to a tile of f32: Intel, Architecture Instruction Set Extensions Programming Reference,
//! chapter 3. Stable Rust has no names for them, so they are written in assembly.

mod block;
mod permit;
mod strip;

pub(super) use block::SUMS;
use block::{Block, Registers, Step, Sums};
pub(super) use permit::Permit;
pub(super) use strip::Left;
use strip::Terms;

use crate::flex::scratch::with_scratch;

/// What the instructions are called.
pub(super) const NAME: &str = "AMX";

/// Rows of a tile of the left side and of the sums.
const ROWS: usize = 16;

/// Columns of a tile of the right side and of the sums.
const COLUMNS: usize = 16;

/// Pairs in a row of a tile of the left side: what one step takes of all terms.
const PAIRS: usize = 16;

/// The right side of a product: row-major, a row of pairs for each pair of the left side.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) pairs: &'a [u32],
    /// Distance of the rows.
    pub(super) stride: usize,
    /// Columns of tiles, which fill at most [`SUMS`].
    pub(super) tiles: usize,
}

/// A right side cut into tiles.
struct Tiles<'a> {
    right: Right<'a>,
    /// Tiles, one below the other, that lie in `right`.
    whole: usize,
    /// The rows after these, filled up with zeros.
    tail: Vec<u32>,
}

/// Multiplies the rows of `left` that start at `starts` with `right`, and calls `finish` with the number of
/// each row and its sums.
///
/// A row's sums depend on its own terms alone. Steps take the same terms wherever they lie.
///
/// # Panics
/// If a pair of `left` or a row of `right` is outside its slice.
pub(super) fn multiply(
    permit: Permit,
    left: Left<'_>,
    starts: &[usize],
    right: Right<'_>,
    mut finish: impl FnMut(usize, &[f32; SUMS]),
) {
    let terms = Terms::new(permit, left, starts);
    let tiles = Tiles::new(right, terms.pairs());
    let mut sums = Sums::new();
    if terms.steps() == 0 {
        return (0..starts.len()).for_each(|row| finish(row, sums.row(0)));
    }
    let registers = Registers::set_up(permit);
    let mut steps = Vec::with_capacity(terms.steps());
    let strip = terms.steps() * ROWS * PAIRS;
    with_scratch(2 * strip, |scratch| {
        let (upper, lower) = scratch.split_at_mut(strip);
        let mut row = 0;
        while row < starts.len() {
            let first = terms.strip(&starts[row..], upper);
            let strips = match &starts[row + first.rows().len()..] {
                [] => [first, first.without_rows()],
                rest => [first, terms.strip(rest, lower)],
            };
            for column in (0..right.tiles).step_by(2) {
                steps.clear();
                steps.extend((0..terms.steps()).map(|step| Step {
                    left: strips.map(|strip| terms.tile(&strip, step)),
                    right: tiles.neighbours(step, column),
                }));
                let block = Block {
                    steps: &steps,
                    left: strips.map(|strip| strip.stride()),
                    right: right.stride * size_of::<u32>(),
                };
                // SAFETY: `Terms::strip` and `Tiles::new` have compared what the tiles read with the
                // lengths of the slices, all of which outlive the call.
                unsafe { block.multiply(&registers, &mut sums, column) };
            }
            for (number, strip) in strips.iter().enumerate() {
                for place in strip.rows() {
                    finish(row, sums.row(number * ROWS + place));
                    row += 1;
                }
            }
        }
    });
}

impl<'a> Tiles<'a> {
    /// # Panics
    /// If `right` has not as many rows as there are `pairs`, or more columns than there are sums.
    fn new(right: Right<'a>, pairs: usize) -> Self {
        let columns = right.tiles * COLUMNS;
        assert!(columns <= SUMS && columns <= right.stride);
        assert!(pairs == 0 || (pairs - 1) * right.stride + columns <= right.pairs.len());
        let whole = pairs / PAIRS;
        let rows = right.pairs[whole * PAIRS * right.stride..].chunks(right.stride);
        let mut tail = vec![0; if pairs.is_multiple_of(PAIRS) { 0 } else { PAIRS * right.stride }];
        for (target, row) in tail.chunks_exact_mut(right.stride).zip(rows.take(pairs % PAIRS)) {
            target[..columns].copy_from_slice(&row[..columns]);
        }
        Self { right, whole, tail }
    }

    /// The tiles of a step at `column` and beside it, twice the last where there is none.
    fn neighbours(&self, step: usize, column: usize) -> [*const u32; 2] {
        let tile = match step < self.whole {
            true => &self.right.pairs[step * PAIRS * self.right.stride..],
            false => &self.tail,
        };
        let beside = (column + 1).min(self.right.tiles - 1);
        [column, beside].map(|column| tile[column * COLUMNS..].as_ptr())
    }
}
