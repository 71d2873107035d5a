//! The linear layer: one matrix product over all leading dimensions, forward and for each gradient.
//!
//! With many rows the weights are packed once and the rows go past them. With few, the time is that
//! of reading the weights, which then are read in place and once.

mod gradients;
mod held;

#[cfg(target_arch = "x86_64")]
use super::bf16::pairs;
use super::{
    autodiff::{Tracked, differentiable},
    bf16::{Products, widened},
    kept::{Form, Packing, forget},
    matmul::{Matrix, multiply_add_to, multiply_to},
    panels::Packed,
    parallel::for_each,
    reduce::column_sums,
    simd::kernel,
    tensor::{Flat, Shared, into_row_major, row_major, uninit, values},
    tile::{Finish, Product, Segment, rows_of},
};
use burn::{
    backend::{TensorMetadata, autodiff::checkpoint::strategy::CheckpointStrategy},
    tensor::DType,
};

use crate::Precision;
use gradients::input_gradient;
pub(crate) use gradients::weight_gradient;
#[cfg(target_arch = "x86_64")]
pub(super) use held::packed;

/// Rows that are too few to be worth packing the weights for.
const FEW: usize = 256;

/// Rows that one task takes.
const ROWS: usize = 96;

/// Tasks at least that a product is cut into, if it is worth cutting.
const TASKS: usize = 8;

/// Inputs whose products are summed before they are added to the sum of those before them. Both ways to
/// multiply keep to this, so that a row's outputs do not depend on how many rows it comes with.
const DEPTH: usize = 512;

/// Multiply-adds that take less time than waking another thread.
const SMALL: usize = 1 << 21;

/// Rows, inputs and outputs.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Sizes {
    fn of(input: &Flat, weight: &Flat) -> Self {
        let [inputs, outputs] = weight.shape().dims();
        let rows = values(input).len() / inputs;
        Self { rows, inputs, outputs }
    }

    fn is_small(&self) -> bool {
        self.rows * self.inputs * self.outputs <= SMALL
    }
}

/// input * weight + bias for `[..., inputs]` and `[inputs, outputs]`. The weights may be held in bf16.
pub(crate) fn forward(input: Flat, weight: Flat, bias: Flat, precision: Precision) -> Flat {
    match weight.dtype() {
        DType::BF16 => held::forward([input, weight, bias], precision),
        _ => product([input, weight, bias], precision, Packing::Kept),
    }
}

fn product([input, weight, bias]: [Flat; 3], precision: Precision, packing: Packing) -> Flat {
    let [input, weight, bias] = [input, weight, bias].map(into_row_major);
    let products = Products::of(precision);
    let input = products.operand(input);
    let weight = match weight.dtype() {
        // Rounded already.
        DType::BF16 => widened(&weight),
        _ => products.operand(weight),
    };
    let sizes = Sizes::of(&input, &weight);
    let output = match products {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => {
            let matrix = Matrix::new(values(&weight), sizes.inputs, sizes.outputs);
            let kept = packing
                .kept(&weight, Form::Linear, sizes.rows, || vec![pairs::pack(unit, &matrix)]);
            let (left, finish) = (values(&input), Finish::Bias(values(&bias)));
            match kept {
                Some(kept) => {
                    let right = (&kept[0], [sizes.inputs, sizes.outputs]);
                    pairs::multiply_packed(unit, left, right, finish)
                }
                None => pairs::multiply_rows(unit, left, matrix, finish),
            }
        }
        _ if sizes.rows <= FEW => few_rows(sizes, values(&input), values(&weight), values(&bias)),
        _ => {
            let packed = packing.of(&weight, Form::Linear, sizes.rows, || {
                let order: Vec<usize> = (0..sizes.inputs).map(|row| row * sizes.outputs).collect();
                vec![Packed::new(values(&weight), &order, sizes.outputs, 1)]
            });
            let finish = Finish::Bias(values(&bias));
            many_rows(values(&input), sizes.inputs, &packed[0], sizes.outputs, finish)
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
    let shared = Shared::new(&mut output);
    let task_rows = if rows * depth * columns <= SMALL { rows } else { ROWS };
    for_each(rows.div_ceil(task_rows), |number| {
        let first = number * task_rows;
        let count = task_rows.min(rows - first);
        let left = &left[first * depth..][..count * depth];
        // SAFETY: the rows lie within `output`, which outlives the loop, and no other task has
        // them.
        let output = unsafe { shared.slice(first * columns, count * columns) };
        for (left, output) in left.chunks(ROWS * depth).zip(output.chunks_mut(ROWS * columns)) {
            multiply_rows(left, depth, packed, columns, finish, output);
        }
    });
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
        for (panel, right) in &packed.panels {
            let stride = Packed::stride::<S>(panel);
            let output = &mut output[panel.first..];
            let tile = rows_of::<S>(panel.vectors);
            for offset in (0..depth).step_by(DEPTH) {
                let segments = [Segment { offset, length: DEPTH.min(depth - offset) }];
                let right = &right[offset * stride..];
                let product = Product { left, segments: &segments, step: 1, right, stride };
                let whole = finish.part(panel.first, panel.columns);
                let finish = match (offset == 0, depth <= offset + DEPTH) {
                    (true, true) => whole,
                    (true, false) => Finish::Store,
                    (false, true) => whole.adding(),
                    (false, false) => Finish::Add,
                };
                let size = (panel.columns, panel.vectors);
                for (starts, targets) in starts[..rows].chunks(tile).zip(targets[..rows].chunks(tile)) {
                    product.tile(simd, (starts, targets), size, output, finish);
                }
            }
        }
    }
}

/// Adds `bias` to every row of `output`.
fn add_to_rows(output: &mut [f32], bias: &[f32]) {
    for row in output.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
    }
}

/// The forward pass of few rows: tasks take stripes of the weights' columns.
fn few_rows(sizes: Sizes, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let Sizes { rows, inputs, outputs } = sizes;
    if rows == 1 {
        // The product of a single row sums in another order, and reading the weights takes as long.
        let mut both = few_rows(Sizes { rows: 2, ..sizes }, &input.repeat(2), weight, bias);
        both.truncate(outputs);
        return both;
    }
    // SAFETY: each task writes all rows of its columns.
    let mut output = unsafe { uninit(rows * outputs) };
    let shared = Shared::new(&mut output);
    let stripe = match sizes.is_small() {
        true => outputs,
        false => outputs.div_ceil(TASKS).next_multiple_of(64).min(256),
    };
    for_each(outputs.div_ceil(stripe), |number| {
        let first = number * stripe;
        let columns = stripe.min(outputs - first);
        for offset in (0..inputs).step_by(DEPTH) {
            let depth = DEPTH.min(inputs - offset);
            let input = Matrix::strided(&input[offset..], rows, depth, inputs);
            let weight = &weight[offset * outputs + first..];
            let weight = Matrix::strided(weight, depth, columns, outputs);
            // SAFETY: the columns lie within `output`, which outlives the loop, and no other task has
            // them; the first product writes all that the others add to.
            unsafe {
                let output = (shared.pointer(first), outputs);
                match offset {
                    0 => multiply_to(input, weight, 1.0, output),
                    _ => multiply_add_to(input, weight, output),
                }
            }
        }
    });
    add_to_rows(&mut output, bias);
    output
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    weight: Tracked,
    bias: Tracked,
    precision: Precision,
) -> Tracked {
    let (input, input_node) = input.into_parts();
    let (weight, weight_node) = weight.into_parts();
    let (bias, bias_node) = bias.into_parts();
    let input = into_row_major(input);
    differentiable::<C, _, _>(
        [input_node, weight_node, bias_node],
        || {
            forget();
            let state = (input.clone(), weight.clone(), precision);
            (state, product([input, weight, bias], precision, Packing::Once))
        },
        |(input, weight, precision), gradient, [wants_input, wants_weight, wants_bias]| {
            let [weight, gradient] = [weight, gradient].map(into_row_major);
            let sizes = Sizes::of(&input, &weight);
            let outputs = sizes.outputs;
            let bias =
                wants_bias.then(|| row_major(column_sums(values(&gradient), outputs), [outputs]));
            let products = Products::of(precision);
            let [input, weight, gradient] =
                [input, weight, gradient].map(|operand| products.operand(operand));
            let gradient = values(&gradient);
            [
                wants_input.then(|| {
                    let weight = values(&weight);
                    let values = match products {
                        #[cfg(target_arch = "x86_64")]
                        Products::Pairs(unit) => {
                            let weight = Matrix::new(weight, sizes.inputs, outputs).transposed();
                            pairs::multiply_rows(unit, gradient, weight, Finish::Store)
                        }
                        _ => input_gradient(sizes, weight, gradient),
                    };
                    row_major(values, input.shape())
                }),
                wants_weight.then(|| {
                    let input = values(&input);
                    let values = match products {
                        #[cfg(target_arch = "x86_64")]
                        Products::Pairs(unit) => {
                            pairs::transposed_product(unit, sizes.rows, input, gradient)
                        }
                        _ => weight_gradient(sizes, input, gradient),
                    };
                    row_major(values, [sizes.inputs, outputs])
                }),
                bias,
            ]
        },
    )
}
