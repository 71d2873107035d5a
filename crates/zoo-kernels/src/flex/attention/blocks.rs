//! The heads of a forward pass that keeps no weights, by products of pairs: some queries at a time, so that their
//! scores stay in the nearest cache. Keys and values are packed once.

use rayon::prelude::*;

use super::heads::Inputs;
use crate::flex::{
    bf16::pairs::{Side, Unit},
    matmul::Matrix,
    scratch::with_scratch,
    softmax::softmax_rows,
    tensor::{Shared, uninit},
};

/// Queries of a block: whole tiles of any width.
const ROWS: usize = 48;

/// The weighted means of the values, in the order (batch, query, head, element): the bits of
/// [`Inputs::forward`].
pub(super) fn forward(inputs: &Inputs, unit: Unit) -> Vec<f32> {
    let sizes = inputs.sizes;
    let place = sizes.place(sizes.queries, sizes.depth);
    let tasks = sizes.batch * sizes.heads;
    // SAFETY: each head writes its own part of every row; together they fill it.
    let mut output = unsafe { uninit(tasks * sizes.queries * sizes.depth) };
    let shared = Shared::new(&mut output);
    (0..tasks).into_par_iter().for_each(|index| {
        // SAFETY: the rows of this head lie within the output, and no other head has elements in them.
        unsafe {
            head(inputs, unit, index, (shared.pointer(place.start(&sizes, index)), place.row))
        }
    });
    output
}

/// Writes the weighted means of head `index` to `output`, whose rows are `stride` elements apart: the bits of
/// all queries at once.
///
/// # Safety
/// All elements of the result are valid, and nothing else uses them during the call.
unsafe fn head(inputs: &Inputs, unit: Unit, index: usize, (output, stride): (*mut f32, usize)) {
    let sizes = inputs.sizes;
    let query = inputs.query.head(&sizes, index, sizes.queries, sizes.width);
    let key = inputs.key.head(&sizes, index, sizes.keys, sizes.width).transposed();
    let value = inputs.value.head(&sizes, index, sizes.keys, sizes.depth);
    let (of_keys, of_values) = (Side::floats(&key), Side::floats(&value));
    with_scratch(of_keys + of_values + ROWS * sizes.keys, |scratch| {
        let (keys, scratch) = scratch.split_at_mut(of_keys);
        let (values, scores) = scratch.split_at_mut(of_values);
        let (keys, values) = (Side::new(unit, &key, keys), Side::new(unit, &value, values));
        for first in (0..sizes.queries).step_by(ROWS) {
            let rows = ROWS.min(sizes.queries - first);
            let scores = &mut scores[..rows * sizes.keys];
            let query = &query.values[first * query.row_stride..];
            let query = Matrix::strided(query, rows, sizes.width, inputs.query.place.row);
            // SAFETY: the scores are borrowed mutably and have a row for each query; the rest is the caller's
            // promise.
            unsafe {
                keys.multiply_to(&query, sizes.scale(), (scores.as_mut_ptr(), sizes.keys));
                softmax_rows(scores, sizes.keys);
                let weights = Matrix::new(scores, rows, sizes.keys);
                values.multiply_to(&weights, 1.0, (output.add(first * stride), stride));
            }
        }
    });
}
