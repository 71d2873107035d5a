//! Attention a head at a time, so that the scores of a head stay in the cache.

#[cfg(target_arch = "x86_64")]
mod blocks;
mod heads;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;

use super::{
    autodiff::{Tracked, differentiable},
    bf16::Products,
    tensor::{Flat, Shared, into_row_major, row_major, uninit},
};
use crate::Precision;
use heads::{Heads, Inputs, Place, Sizes};

/// softmax(query * key^T / sqrt(width)) * value for `[batch, heads, rows, width]`.
pub(crate) fn attention(query: Flat, key: Flat, value: Flat, precision: Precision) -> Flat {
    let inputs = Inputs::new([query, key, value], Products::of(precision));
    let output = forward(&inputs);
    by_heads(output, &inputs.sizes, inputs.sizes.queries, inputs.sizes.depth)
}

/// [`Inputs::forward`] without the weights.
fn forward(inputs: &Inputs) -> Vec<f32> {
    match inputs.products {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => blocks::forward(inputs, unit),
        _ => inputs.forward(false).0,
    }
}

/// `[batch, heads, rows, width]` from values in the order (batch, row, head, element).
fn by_heads(values: Vec<f32>, sizes: &Sizes, rows: usize, width: usize) -> Flat {
    let tensor = row_major(values, [sizes.batch, rows, sizes.heads, width]);
    let layout = tensor.layout().permute(&[0, 2, 1, 3]);
    tensor.with_layout(layout)
}

/// [`attention`] with gradients.
pub(crate) fn attention_tracked<C: CheckpointStrategy>(
    query: Tracked,
    key: Tracked,
    value: Tracked,
    precision: Precision,
) -> Tracked {
    let (query, query_node) = query.into_parts();
    let (key, key_node) = key.into_parts();
    let (value, value_node) = value.into_parts();
    let inputs = Inputs::new([query, key, value], Products::of(precision));
    differentiable::<C, _, _>(
        [query_node, key_node, value_node],
        || {
            let (output, weights) = inputs.forward(true);
            let output = by_heads(output, &inputs.sizes, inputs.sizes.queries, inputs.sizes.depth);
            ((inputs, Arc::new(weights)), output)
        },
        |(inputs, weights), gradient, _| {
            let sizes = inputs.sizes;
            let (rows, widths) =
                ([sizes.queries, sizes.keys, sizes.keys], [sizes.width, sizes.width, sizes.depth]);
            let mut gradients = [0, 1, 2].map(|i| {
                // SAFETY: the heads write every row of theirs; together they fill it.
                unsafe { uninit(sizes.batch * sizes.heads * rows[i] * widths[i]) }
            });
            let mut number = 0;
            let targets = gradients.each_mut().map(|values| {
                let place = sizes.place(rows[number], widths[number]);
                number += 1;
                (Shared::new(values), place)
            });
            // SAFETY: each place fills a vector of its own, which outlives the call.
            unsafe { inputs.backward(&weights, &Heads::new(gradient), targets) };
            let mut number = 0;
            gradients.map(|values| {
                number += 1;
                Some(by_heads(values, &sizes, rows[number - 1], widths[number - 1]))
            })
        },
    )
}

/// Attention of tokens to each other: `[batch, tokens, 3 * features]`, which are queries, keys and
/// values, to `[batch, tokens, features]`.
pub(crate) fn self_attention(input: Flat, heads: usize, precision: Precision) -> Flat {
    let inputs = Inputs::joined(input, heads, Products::of(precision));
    let output = forward(&inputs);
    joined(output, &inputs.sizes)
}

fn joined(values: Vec<f32>, sizes: &Sizes) -> Flat {
    row_major(values, [sizes.batch, sizes.queries, sizes.heads * sizes.depth])
}

/// [`self_attention`] with gradients.
pub(crate) fn self_attention_tracked<C: CheckpointStrategy>(
    input: Tracked,
    heads: usize,
    precision: Precision,
) -> Tracked {
    let (input, node) = input.into_parts();
    let inputs = Inputs::joined(input, heads, Products::of(precision));
    differentiable::<C, _, _>(
        [node],
        || {
            let (output, weights) = inputs.forward(true);
            let output = joined(output, &inputs.sizes);
            ((inputs, Arc::new(weights)), output)
        },
        |(inputs, weights), gradient, _| {
            let Sizes { batch, heads, queries, width, .. } = inputs.sizes;
            let features = heads * width;
            let gradient = into_row_major(gradient);
            let gradient = Heads {
                place: Place {
                    offset: gradient.layout().start_offset(),
                    ..inputs.sizes.place(queries, width)
                },
                tensor: gradient,
            };
            // SAFETY: queries, keys and values of all heads fill every row.
            let mut output = unsafe { uninit(batch * queries * 3 * features) };
            let shared = Shared::new(&mut output);
            let targets = [0, 1, 2].map(|part| {
                let place = Place {
                    offset: part * features,
                    batch: queries * 3 * features,
                    head: width,
                    row: 3 * features,
                };
                (shared, place)
            });
            // SAFETY: the three places are thirds of the rows of `output`, which outlives the call.
            unsafe { inputs.backward(&weights, &gradient, targets) };
            [Some(row_major(output, [batch, queries, 3 * features]))]
        },
    )
}
