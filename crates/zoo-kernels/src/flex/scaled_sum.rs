//! A branch with a factor for each feature, added to what goes around it.

use burn::backend::{TensorMetadata, autodiff::checkpoint::strategy::CheckpointStrategy};
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    reduce::add_parts,
    simd::{columns, kernel, load, mul_add, store},
    tensor::{CHUNK, Flat, into_row_major, row_major, uninit, values, values_mut},
};

/// around + branch * factors, with a factor for each element of the last dimension: in the memory of `around` if
/// nothing else refers to it.
///
/// # Panics
/// If the shapes of `around` and `branch` differ, or the last dimension is not as long as `factors`.
pub(crate) fn forward(around: Flat, branch: Flat, factors: Flat) -> Flat {
    assert_eq!(around.shape(), branch.shape(), "sums are of tensors of the same shape");
    let [mut around, branch, factors] = [around, branch, factors].map(into_row_major);
    let chunk = chunk(&branch, &factors);
    let factors = values(&factors);
    if let Some(sums) = values_mut(&mut around) {
        sums.par_chunks_mut(chunk)
            .zip(values(&branch).par_chunks(chunk))
            .for_each(|(sums, branch)| add_rows(sums, branch, factors));
        return around;
    }
    // SAFETY: every chunk is written before it is added to.
    let mut sums = unsafe { uninit(values(&around).len()) };
    sums.par_chunks_mut(chunk)
        .zip(values(&around).par_chunks(chunk).zip(values(&branch).par_chunks(chunk)))
        .for_each(|(sums, (around, branch))| {
            sums.copy_from_slice(around);
            add_rows(sums, branch, factors);
        });
    row_major(sums, around.shape())
}

/// Elements of whole rows that one task handles.
fn chunk(rows: &Flat, factors: &Flat) -> usize {
    let width = values(factors).len();
    let shape = rows.shape();
    assert_eq!(shape[shape.num_dims() - 1], width, "there is a factor for each feature");
    (CHUNK / width).max(1) * width
}

kernel! {
    fn add_rows<S>(simd: S, sums: &mut [f32], branch: &[f32], factors: &[f32]) {
        let width = factors.len();
        for (sums, branch) in sums.chunks_exact_mut(width).zip(branch.chunks_exact(width)) {
            for range in columns(simd, width) {
                let (x, factor) = (load(simd, &branch[range.clone()]), load(simd, &factors[range.clone()]));
                let sum = load(simd, &sums[range.clone()]);
                store(simd, &mut sums[range], mul_add(simd, x, factor, sum));
            }
        }
    }
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    around: Tracked,
    branch: Tracked,
    factors: Tracked,
) -> Tracked {
    let (around, around_node) = around.into_parts();
    let (branch, branch_node) = branch.into_parts();
    let (factors, factors_node) = factors.into_parts();
    let [branch, factors] = [branch, factors].map(into_row_major);
    differentiable::<C, _, _>(
        [around_node, branch_node, factors_node],
        || ((branch.clone(), factors.clone()), forward(around, branch, factors)),
        |state, gradient, _| backward(state, gradient),
    )
}

fn backward((branch, factors): (Flat, Flat), gradient: Flat) -> [Option<Flat>; 3] {
    let chunk = chunk(&branch, &factors);
    let gradient = into_row_major(gradient);
    let factors = values(&factors);
    // SAFETY: `row_gradients` writes every row.
    let mut output = unsafe { uninit(values(&branch).len()) };
    let parts: Vec<Vec<f32>> = output
        .par_chunks_mut(chunk)
        .zip(values(&branch).par_chunks(chunk).zip(values(&gradient).par_chunks(chunk)))
        .map(|(output, (branch, gradient))| {
            let mut sums = vec![0.0; factors.len()];
            row_gradients(branch, factors, gradient, output, &mut sums);
            sums
        })
        .collect();
    let output = row_major(output, branch.shape());
    [Some(gradient), Some(output), Some(row_major(add_parts(parts), [factors.len()]))]
}

kernel! {
    /// Writes the gradients of the branch, and adds those of the factors to `sums`.
    fn row_gradients<S>(
        simd: S,
        branch: &[f32],
        factors: &[f32],
        gradient: &[f32],
        output: &mut [f32],
        sums: &mut [f32],
    ) {
        let width = factors.len();
        let rows = branch.chunks_exact(width).zip(gradient.chunks_exact(width));
        for ((branch, gradient), output) in rows.zip(output.chunks_exact_mut(width)) {
            for range in columns(simd, width) {
                let g = load(simd, &gradient[range.clone()]);
                let (x, factor) = (load(simd, &branch[range.clone()]), load(simd, &factors[range.clone()]));
                let sum = load(simd, &sums[range.clone()]);
                store(simd, &mut sums[range.clone()], mul_add(simd, g, x, sum));
                store(simd, &mut output[range], simd.mul_f32s(g, factor));
            }
        }
    }
}
