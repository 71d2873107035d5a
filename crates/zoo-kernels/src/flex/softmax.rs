//! Softmax over the last dimension.

use burn::backend::{TensorMetadata, autodiff::checkpoint::strategy::CheckpointStrategy};
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    simd::{dot, exp, kernel, map, max, sum, zip},
    tensor::{CHUNK, Flat, into_row_major, row_major, values},
};

/// exp(x) / sum exp(x) over the last dimension.
pub(crate) fn forward(input: Flat) -> Flat {
    let input = into_row_major(input);
    let width = last(&input);
    let chunk = (CHUNK / width).max(1) * width;
    let mut output = values(&input).to_vec();
    output.par_chunks_mut(chunk).for_each(|rows| softmax_rows(rows, width));
    row_major(output, input.shape())
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(input: Tracked) -> Tracked {
    let (input, node) = input.into_parts();
    differentiable::<C, _, _>(
        [node],
        || {
            let output = forward(input);
            (output.clone(), output)
        },
        |output, gradient, _| {
            let mut gradient = values(&into_row_major(gradient)).to_vec();
            let width = last(&output);
            let chunk = (CHUNK / width).max(1) * width;
            gradient
                .par_chunks_mut(chunk)
                .zip(values(&output).par_chunks(chunk))
                .for_each(|(gradient, output)| softmax_rows_backward(output, width, gradient));
            [Some(row_major(gradient, output.shape()))]
        },
    )
}

fn last(tensor: &Flat) -> usize {
    let shape = tensor.shape();
    shape[shape.num_dims() - 1]
}

kernel! {
    /// Puts the softmax of each row in its place.
    pub(crate) fn softmax_rows<S>(simd: S, rows: &mut [f32], width: usize) {
        for row in rows.chunks_exact_mut(width) {
            let largest = simd.splat_f32s(max(simd, row));
            map(simd, row, #[inline(always)] |x| exp(simd, simd.sub_f32s(x, largest)));
            let factor = simd.splat_f32s(1.0 / sum(simd, row, #[inline(always)] |x| x));
            map(simd, row, #[inline(always)] |x| simd.mul_f32s(x, factor));
        }
    }
}

kernel! {
    /// Turns the gradient of each row's softmax into that of its input.
    pub(crate) fn softmax_rows_backward<S>(simd: S, output: &[f32], width: usize, gradient: &mut [f32]) {
        for (y, g) in output.chunks_exact(width).zip(gradient.chunks_exact_mut(width)) {
            let mean = simd.splat_f32s(dot(simd, y, g));
            zip(simd, g, y, #[inline(always)] |g, y| simd.mul_f32s(y, simd.sub_f32s(g, mean)));
        }
    }
}
