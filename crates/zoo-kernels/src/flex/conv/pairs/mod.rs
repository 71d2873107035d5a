//! Convolution of operands that are rounded to bf16, by products of pairs that read windows of a padded
//! image in place, as the direct path does it in f32. A run of an odd number of terms is filled up with a
//! weight of 0.

mod forward;
mod input_gradient;
mod weight_gradient;

use super::direct::{Border, Images, Row};
use crate::flex::{
    bf16::pairs::{Pairs, Unit, pair_panels},
    panels::{Packed, Panel},
    tile::{Finish, Segment},
};
pub(super) use forward::forward;
pub(super) use input_gradient::input_gradient;
pub(super) use weight_gradient::weight_gradient;

/// The weights of the direct path for windows of these segments.
fn pack(unit: Unit, segments: &[Segment], packed: &Packed) -> Packed<u32> {
    let lengths: Vec<usize> = segments.iter().map(|segment| segment.length).collect();
    pair_panels(unit, packed, &lengths)
}

/// What the windows of one group read of a padded image, and the weights.
struct Group<'a> {
    /// Their lengths count pairs.
    segments: Vec<Segment>,
    weights: &'a Packed<u32>,
}

impl<'a> Group<'a> {
    /// Of the segments of the direct path, and what [`pack`] makes for them.
    fn new(segments: &[Segment], weights: &'a Packed<u32>) -> Self {
        let halved = |segment: &Segment| Segment { length: segment.length.div_ceil(2), ..*segment };
        Self { segments: segments.iter().map(halved).collect(), weights }
    }

    /// Multiplies the windows that start at `starts` in `padded` with all weights, and writes each row
    /// of features from its element of `targets` on.
    ///
    /// # Safety
    /// That of [`Pairs::multiply`], for all features of the group.
    unsafe fn multiply<'f>(
        &self,
        unit: Unit,
        padded: &[u16],
        rows: (&[usize], &[usize]),
        output: *mut f32,
        finish: impl Fn(&Panel) -> Finish<'f>,
    ) {
        let product = Pairs { left: padded, segments: &self.segments, step: 2 };
        let panels = self.weights.panels.iter().map(|(panel, weights)| (panel, weights.as_slice()));
        // SAFETY: the caller's promise.
        unsafe { product.multiply(unit, rows, panels, output, finish) };
    }
}

/// Floats in which a padded image of `length` numbers of 16 bits lies, with room for the pair that begins
/// with the last.
fn floats(length: usize) -> usize {
    length / 2 + 2
}

/// Copies rows of image `index`, rounded, to `target`, with a border of zeros; `line` has room for one of
/// them. `first_row` counts in the padded image; `target` has as many rows as it has room for.
fn pad(
    unit: Unit,
    (images, index): (&Images<'_>, usize),
    (border, first_row): (&Border, usize),
    line: &mut [f32],
    target: &mut [u16],
) {
    let before = border.before[1] * border.channels;
    let mut rows = target.chunks_exact_mut(line.len());
    for (row, target) in rows.by_ref().enumerate() {
        let (left, target) = target.split_at_mut(before);
        left.fill(0);
        match images.row(index, border, first_row + row) {
            None => target.fill(0),
            Some(Row::Pixels(pixels)) => unit.round(pixels, target),
            Some(planes) => {
                let pixels = &mut line[..border.size[1] * border.channels];
                planes.copy(pixels);
                unit.round(pixels, target);
            }
        }
    }
    rows.into_remainder().fill(0);
}
