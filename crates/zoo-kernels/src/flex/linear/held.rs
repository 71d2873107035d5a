//! The linear layer whose weights are held in bf16.

#[cfg(target_arch = "x86_64")]
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use burn::{backend::TensorMetadata, tensor::DType};

use super::product;
#[cfg(target_arch = "x86_64")]
use crate::flex::{
    bf16::{
        halves,
        pairs::{self, Unit},
    },
    kept::Form,
    matmul::Matrix,
    panels::Packed,
    tensor::{row_major, values},
    tile::Finish,
};
use crate::{
    Precision,
    flex::{
        bf16::Products,
        kept::Packing,
        tensor::{Flat, into_row_major},
    },
};

/// Packed pairs of weights, for products of so many `rows`. Those that are held in bf16 are kept from the first
/// pass on, and for any number of rows: both together are no more than the weights in f32.
#[cfg(target_arch = "x86_64")]
pub(in crate::flex) fn packed(unit: Unit, weight: &Flat, rows: usize) -> Arc<Vec<Packed<u32>>> {
    let [inputs, outputs] = weight.shape().dims();
    match weight.dtype() {
        DType::BF16 => Packing::AtOnce
            .of(weight, Form::Linear, rows, || vec![pairs::pack_halves(halves(weight), outputs)]),
        _ => Packing::Kept.of(weight, Form::Linear, rows, || {
            vec![pairs::pack(unit, &Matrix::new(values(weight), inputs, outputs))]
        }),
    }
}

/// [`forward`](super::forward) with weights in bf16.
pub(super) fn forward(operands: [Flat; 3], precision: Precision) -> Flat {
    let [input, weight, bias] = operands.map(into_row_major);
    match Products::of(precision) {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => {
            let [inputs, outputs] = weight.shape().dims();
            let rows = values(&input).len() / inputs;
            let packed = packed(unit, &weight, rows);
            let right = (&packed[0], [inputs, outputs]);
            let finish = Finish::Bias(values(&bias));
            let output = pairs::multiply_packed(unit, values(&input), right, finish);
            let mut shape = input.shape();
            let last = shape.num_dims() - 1;
            shape[last] = outputs;
            row_major(output, shape)
        }
        _ => product([input, weight, bias], precision, Packing::Once),
    }
}
