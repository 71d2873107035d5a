//! Two linear layers with a GELU between them, without gradients. Between them lie most of a Vision Transformer's
//! numbers.

#[cfg(target_arch = "x86_64")]
use burn::backend::TensorMetadata;

use super::{activation::gelu, linear, tensor::Flat};
#[cfg(target_arch = "x86_64")]
use super::{
    activation::gelu_in_place,
    bf16::{
        Products,
        pairs::{self, Layer, Unit},
    },
    tensor::{into_row_major, row_major, values},
};
use crate::Precision;

/// `second(gelu(first(input)))`, each with weights `[inputs, outputs]`, which may be held in bf16, and a bias.
pub(crate) fn forward(input: Flat, [first, second]: [[Flat; 2]; 2], precision: Precision) -> Flat {
    #[cfg(target_arch = "x86_64")]
    if let Products::Pairs(unit) = Products::of(precision)
        && input.shape().num_elements() / first[0].shape()[0] > pairs::FEW
    {
        return by_pairs(unit, input, [first, second].map(|layer| layer.map(into_row_major)));
    }
    let [weight, bias] = first;
    let hidden = gelu(linear::forward(input, weight, bias, precision));
    let [weight, bias] = second;
    linear::forward(hidden, weight, bias, precision)
}

#[cfg(target_arch = "x86_64")]
fn by_pairs(unit: Unit, input: Flat, layers: [[Flat; 2]; 2]) -> Flat {
    let input = into_row_major(input);
    let mut shape = input.shape();
    let last = shape.num_dims() - 1;
    let depth = shape[last];
    let rows = values(&input).len() / depth;
    let packed = layers.each_ref().map(|[weight, _]| linear::packed(unit, weight, rows));
    let layer =
        |number: usize| Layer { packed: &packed[number][0], bias: values(&layers[number][1]) };
    let output =
        pairs::multiply_twice(unit, (values(&input), depth), &layer(0), gelu_in_place, &layer(1));
    shape[last] = values(&layers[1][1]).len();
    row_major(output, shape)
}
