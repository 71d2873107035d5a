//! The linear layer: one matrix product over all leading dimensions, forward and for each gradient.
//!
//! With many rows the weights are packed once and the rows go past them. With few, the time is that
//! of reading the weights, which then are read in place and once.

use burn::backend::TensorMetadata;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use rayon::prelude::*;

use super::autodiff::{Tracked, differentiable};
use super::matmul::{Matrix, multiply};
use super::panels::{Packed, Panel, copy_panel, panels};
use super::reduce::column_sums;
use super::scratch::with_scratch;
use super::simd::kernel;
use super::tensor::{Flat, Shared, into_row_major, row_major, transpose, uninit, values};
use super::tile::{Finish, Product, Segment, rows_of};

/// Rows that are too few to be worth packing the weights for.
const FEW: usize = 48;

/// Rows that one task takes.
const ROWS: usize = 96;

/// Tasks at least that the gradient of a large weight is made by.
const TASKS: usize = 8;

/// Columns of the widest panel: four vectors of AVX-512.
const MOST_COLUMNS: usize = 64;

/// Rows, inputs and outputs.
#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    inputs: usize,
    outputs: usize,
}

impl Sizes {
    fn of(input: &Flat, weight: &Flat) -> Self {
        let [inputs, outputs] = weight.shape().dims();
        let rows = values(input).len() / inputs;
        Self { rows, inputs, outputs }
    }
}

/// input * weight + bias for `[..., inputs]` and `[inputs, outputs]`.
pub(crate) fn forward(input: Flat, weight: Flat, bias: Flat) -> Flat {
    let [input, weight, bias] = [input, weight, bias].map(into_row_major);
    let sizes = Sizes::of(&input, &weight);
    let output = match sizes.rows <= FEW {
        true => few_rows(sizes, values(&input), values(&weight), values(&bias)),
        false => {
            let order: Vec<usize> = (0..sizes.inputs).map(|row| row * sizes.outputs).collect();
            let packed = Packed::new(values(&weight), &order, sizes.outputs, 1);
            many_rows(
                values(&input),
                sizes.inputs,
                &packed,
                sizes.outputs,
                Finish::Bias(values(&bias)),
            )
        }
    };
    let mut shape = input.shape();
    let last = shape.num_dims() - 1;
    shape[last] = sizes.outputs;
    row_major(output, shape)
}

/// `left`, of rows of `depth`, times a packed right side of `columns` columns.
fn many_rows(
    left: &[f32],
    depth: usize,
    packed: &Packed,
    columns: usize,
    finish: Finish<'_>,
) -> Vec<f32> {
    let rows = left.len() / depth;
    // SAFETY: each task writes all columns of its rows.
    let mut output = unsafe { uninit(rows * columns) };
    output
        .par_chunks_mut(ROWS * columns)
        .zip(left.par_chunks(ROWS * depth))
        .for_each(|(output, left)| multiply_rows(left, depth, packed, columns, finish, output));
    output
}

kernel! {
    fn multiply_rows<S>(
        simd: S,
        left: &[f32],
        depth: usize,
        packed: &Packed,
        columns: usize,
        finish: Finish<'_>,
        output: &mut [f32],
    ) {
        let rows = left.len() / depth;
        let starts: [usize; ROWS] = std::array::from_fn(|row| row * depth);
        let targets: [usize; ROWS] = std::array::from_fn(|row| row * columns);
        let segments = [Segment { offset: 0, length: depth }];
        for (panel, right) in &packed.panels {
            let stride = Packed::stride::<S>(panel);
            let product = Product { left, segments: &segments, step: 1, right, stride };
            let finish = finish.part(panel.first, panel.columns);
            let tile = rows_of::<S>(panel.vectors);
            for (starts, targets) in starts[..rows].chunks(tile).zip(targets[..rows].chunks(tile)) {
                let output = &mut output[panel.first..];
                product.tile(simd, (starts, targets), (panel.columns, panel.vectors), output, finish);
            }
        }
    }
}

/// Columns of the weights that one task reads.
const STRIPE: usize = 512;

/// Rows of the weights that are gone through together.
const DEPTH: usize = 32;

/// The forward pass of few rows: tasks take stripes of the weights' columns and read them a few
/// rows at a time.
fn few_rows(sizes: Sizes, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let mut output: Vec<f32> = Vec::with_capacity(sizes.rows * sizes.outputs);
    for _ in 0..sizes.rows {
        output.extend_from_slice(bias);
    }
    let shared = Shared::new(&mut output);
    let stripes: Vec<Vec<Panel>> =
        panels(sizes.outputs).chunks(STRIPE / MOST_COLUMNS).map(<[Panel]>::to_vec).collect();
    stripes.par_iter().for_each(|stripe| {
        let first = stripe[0].first;
        let columns = stripe.iter().map(|panel| panel.columns).sum();
        with_scratch((sizes.rows * columns) + DEPTH * MOST_COLUMNS, |scratch| {
            let (sums, packed) = scratch.split_at_mut(sizes.rows * columns);
            sums.fill(0.0);
            read_stripe(sizes, stripe, input, weight, packed, sums);
            for (row, sums) in sums.chunks_exact(columns).enumerate() {
                // SAFETY: no other task has these columns, and `output` outlives the loop.
                let output = unsafe { shared.slice(row * sizes.outputs + first, columns) };
                for (output, sum) in output.iter_mut().zip(sums) {
                    *output += sum;
                }
            }
        });
    });
    output
}

kernel! {
    fn read_stripe<S>(
        simd: S,
        sizes: Sizes,
        stripe: &[Panel],
        input: &[f32],
        weight: &[f32],
        packed: &mut [f32],
        sums: &mut [f32],
    ) {
        let origin = stripe[0].first;
        let columns = sums.len() / sizes.rows;
        let starts: Vec<usize> = (0..sizes.rows).map(|row| row * sizes.inputs).collect();
        let targets: Vec<usize> = (0..sizes.rows).map(|row| row * columns).collect();
        for first in (0..sizes.inputs).step_by(DEPTH) {
            let segments = [Segment { offset: first, length: DEPTH.min(sizes.inputs - first) }];
            let weight = &weight[first * sizes.outputs..];
            for panel in stripe {
                let packed = &mut packed[..segments[0].length * Packed::stride::<S>(panel)];
                let stride = copy_panel::<S>(panel, weight, sizes.outputs, packed);
                let product = Product { left: input, segments: &segments, step: 1, right: packed, stride };
                let tile = rows_of::<S>(panel.vectors);
                for (starts, targets) in starts.chunks(tile).zip(targets.chunks(tile)) {
                    let sums = &mut sums[panel.first - origin..];
                    product.tile(simd, (starts, targets), (panel.columns, panel.vectors), sums, Finish::Add);
                }
            }
        }
    }
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    weight: Tracked,
    bias: Tracked,
) -> Tracked {
    let (input, input_node) = input.into_parts();
    let (weight, weight_node) = weight.into_parts();
    let (bias, bias_node) = bias.into_parts();
    let input = into_row_major(input);
    differentiable::<C, _, _>(
        [input_node, weight_node, bias_node],
        || {
            let state = (input.clone(), weight.clone());
            (state, forward(input, weight, bias))
        },
        |(input, weight), gradient, [wants_input, wants_weight, wants_bias]| {
            let [weight, gradient] = [weight, gradient].map(into_row_major);
            let sizes = Sizes::of(&input, &weight);
            let gradient = values(&gradient);
            let outputs = sizes.outputs;
            [
                wants_input.then(|| {
                    row_major(input_gradient(sizes, values(&weight), gradient), input.shape())
                }),
                wants_weight.then(|| {
                    let values = weight_gradient(sizes, values(&input), gradient);
                    row_major(values, [sizes.inputs, outputs])
                }),
                wants_bias.then(|| row_major(column_sums(gradient, outputs), [outputs])),
            ]
        },
    )
}

/// input^T * gradient.
fn weight_gradient(sizes: Sizes, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let Sizes { rows, inputs, outputs } = sizes;
    let strip = inputs.div_ceil(TASKS).clamp(48, 192);
    // SAFETY: each task writes all columns of its rows.
    let mut output = unsafe { uninit(inputs * outputs) };
    output.par_chunks_mut(strip * outputs).enumerate().for_each(|(number, output)| {
        let count = output.len() / outputs;
        let input = Matrix::strided(&input[number * strip..], rows, count, inputs).transposed();
        multiply(input, Matrix::new(gradient, rows, outputs), 1.0, (output, outputs));
    });
    output
}

/// gradient * weight^T.
fn input_gradient(sizes: Sizes, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
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
