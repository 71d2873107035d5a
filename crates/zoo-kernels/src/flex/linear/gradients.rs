//! The gradients of a linear layer with respect to its weights and its input.

use super::{FEW, Sizes, TASKS, many_rows};
use crate::flex::{
    matmul::{Matrix, multiply},
    panels::Packed,
    parallel::for_each,
    tensor::{Shared, transpose, uninit},
    tile::Finish,
};

/// input^T * gradient.
pub(crate) fn weight_gradient(sizes: Sizes, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let Sizes { rows, inputs, outputs } = sizes;
    let strip = match sizes.is_small() {
        true => inputs,
        false => inputs.div_ceil(TASKS).clamp(48, 192),
    };
    // SAFETY: each task writes all columns of its rows.
    let mut output = unsafe { uninit(inputs * outputs) };
    let shared = Shared::new(&mut output);
    for_each(inputs.div_ceil(strip), |number| {
        let first = number * strip;
        let count = strip.min(inputs - first);
        let input = Matrix::strided(&input[first..], rows, count, inputs).transposed();
        // SAFETY: the rows lie within `output`, which outlives the loop, and no other task has
        // them.
        let output = unsafe { shared.slice(first * outputs, count * outputs) };
        multiply(input, Matrix::new(gradient, rows, outputs), 1.0, (output, outputs));
    });
    output
}

/// gradient * weight^T.
pub(super) fn input_gradient(sizes: Sizes, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let Sizes { rows, inputs, outputs } = sizes;
    if rows > FEW {
        let order: Vec<usize> = (0..outputs).collect();
        let packed = Packed::new(weight, &order, inputs, outputs);
        return many_rows(gradient, outputs, &packed, inputs, Finish::Store);
    }
    // Here the weights are on the left, so that each of their rows is read in one go, and the
    // result is transposed.
    let order: Vec<usize> = (0..outputs).collect();
    let packed = Packed::new(gradient, &order, rows, outputs);
    let flipped = many_rows(weight, outputs, &packed, rows, Finish::Store);
    // SAFETY: `transpose` writes every element.
    let mut output = unsafe { uninit(rows * inputs) };
    transpose(&flipped, inputs, rows, &mut output);
    output
}
