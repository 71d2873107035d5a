//! Layer normalisation over the last dimension.

use burn::backend::{TensorMetadata, autodiff::checkpoint::strategy::CheckpointStrategy};
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    reduce::add_parts,
    simd::{columns, dot, kernel, load, mul_add, store, sum, zip},
    tensor::{CHUNK, Flat, into_row_major, row_major, uninit, values},
};

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta for every row of the last dimension.
pub(crate) fn forward(input: Flat, gamma: Flat, beta: Flat, epsilon: f64) -> Flat {
    let [input, gamma, beta] = [input, gamma, beta].map(into_row_major);
    let width = values(&gamma).len();
    let chunk = (CHUNK / width).max(1) * width;
    let source = values(&input);
    // SAFETY: `normalise` writes every row.
    let mut output = unsafe { uninit(source.len()) };
    output.par_chunks_mut(chunk).zip(source.par_chunks(chunk)).for_each(|(output, input)| {
        normalise(input, values(&gamma), values(&beta), epsilon as f32, output);
    });
    row_major(output, input.shape())
}

kernel! {
    fn normalise<S>(simd: S, input: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, output: &mut [f32]) {
        let width = gamma.len();
        for (x, y) in input.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
            let (mean, scale) = statistics(simd, x, epsilon);
            let (minus, factor) = (simd.splat_f32s(-mean), simd.splat_f32s(scale));
            for range in columns(simd, width) {
                let x = load(simd, &x[range.clone()]);
                let normal = simd.mul_f32s(simd.add_f32s(x, minus), factor);
                let (gamma, beta) = (load(simd, &gamma[range.clone()]), load(simd, &beta[range.clone()]));
                store(simd, &mut y[range], mul_add(simd, normal, gamma, beta));
            }
        }
    }
}

/// Mean of a row, and 1 / sqrt(variance + epsilon), the variance in a second pass.
#[inline(always)]
fn statistics<S: pulp::Simd>(simd: S, row: &[f32], epsilon: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = sum(
        simd,
        row,
        #[inline(always)]
        |x| x,
    ) / count;
    let centre = simd.splat_f32s(mean);
    // The zeros that fill up the last vector would count as well, so whole vectors and the rest go
    // apart.
    let whole = row.len() / S::F32_LANES * S::F32_LANES;
    let squares = sum(
        simd,
        &row[..whole],
        #[inline(always)]
        |x| {
            let distance = simd.sub_f32s(x, centre);
            simd.mul_f32s(distance, distance)
        },
    );
    let rest: f32 = row[whole..].iter().map(|x| (x - mean) * (x - mean)).sum();
    let variance = (squares + rest) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    gamma: Tracked,
    beta: Tracked,
    epsilon: f64,
) -> Tracked {
    let (input, input_node) = input.into_parts();
    let (gamma, gamma_node) = gamma.into_parts();
    let (beta, beta_node) = beta.into_parts();
    let input = into_row_major(input);
    differentiable::<C, _, _>(
        [input_node, gamma_node, beta_node],
        || {
            let state = (input.clone(), gamma.clone(), epsilon);
            (state, forward(input, gamma, beta, epsilon))
        },
        |state, gradient, _| backward(state, gradient).map(Some),
    )
}

fn backward((input, gamma, epsilon): (Flat, Flat, f64), gradient: Flat) -> [Flat; 3] {
    let (gamma, gradient) = (into_row_major(gamma), into_row_major(gradient));
    let width = values(&gamma).len();
    let chunk = (CHUNK / width).max(1) * width;
    let source = values(&input);
    // SAFETY: `row_gradients` writes every row.
    let mut output = unsafe { uninit(source.len()) };
    let parts: Vec<Vec<f32>> = output
        .par_chunks_mut(chunk)
        .zip(source.par_chunks(chunk).zip(values(&gradient).par_chunks(chunk)))
        .map(|(output, (input, gradient))| {
            let mut sums = vec![0.0; 2 * width];
            row_gradients(input, values(&gamma), gradient, epsilon as f32, output, &mut sums);
            sums
        })
        .collect();
    let mut gamma_gradient = add_parts(parts);
    let beta_gradient = gamma_gradient.split_off(width);
    [
        row_major(output, input.shape()),
        row_major(gamma_gradient, [width]),
        row_major(beta_gradient, [width]),
    ]
}

kernel! {
    /// `sums` takes up the gradients of gamma, then of beta.
    fn row_gradients<S>(
        simd: S,
        input: &[f32],
        gamma: &[f32],
        gradient: &[f32],
        epsilon: f32,
        output: &mut [f32],
        sums: &mut [f32],
    ) {
        let width = gamma.len();
        let count = width as f32;
        let (gamma_sums, beta_sums) = sums.split_at_mut(width);
        let mut normal = vec![0.0; width];
        let rows = input.chunks_exact(width).zip(gradient.chunks_exact(width));
        for ((x, g), dx) in rows.zip(output.chunks_exact_mut(width)) {
            let (mean, scale) = statistics(simd, x, epsilon);
            for (normal, x) in normal.iter_mut().zip(x) {
                *normal = (x - mean) * scale;
            }
            for (((gamma_sum, beta_sum), g), normal) in
                gamma_sums.iter_mut().zip(beta_sums.iter_mut()).zip(g).zip(&normal)
            {
                *gamma_sum += g * normal;
                *beta_sum += g;
            }
            for ((dx, g), gamma) in dx.iter_mut().zip(g).zip(gamma) {
                *dx = g * gamma;
            }
            let mean = simd.splat_f32s(-sum(simd, dx, #[inline(always)] |g| g) / count);
            let slope = simd.splat_f32s(-dot(simd, dx, &normal) / count);
            let scale = simd.splat_f32s(scale);
            zip(simd, dx, &normal, #[inline(always)] |g, normal| {
                simd.mul_f32s(scale, simd.add_f32s(g, mul_add(simd, normal, slope, mean)))
            });
        }
    }
}
