use burn::{
    nn as stock,
    tensor::{Device, Tensor, TensorData},
};
use zoo_kernels::nn;

use crate::{assert_agree, attention_of_burn, floats, leaf, reference};

#[test]
fn layer_norm_and_linear_agree() {
    for [rows, width, outputs] in
        [[1, 1, 1], [7, 33, 5], [130, 192, 64], [600, 48, 20], [2100, 24, 70], [48, 40, 1100]]
    {
        assert_agree(
            &format!("layer norm {rows} {width}"),
            &[rows * width],
            |inputs| {
                let layer = nn::LayerNormConfig::new(width).with_epsilon(1e-6);
                layer.init(&inputs[0].device()).forward(inputs[0].clone().reshape([1, rows, width]))
            },
            |inputs| {
                let layer = stock::LayerNormConfig::new(width).with_epsilon(1e-6);
                layer.init(&inputs[0].device()).forward(inputs[0].clone().reshape([1, rows, width]))
            },
        );
        let layer = |inputs: &[Tensor<1>]| stock::Linear {
            weight: leaf(inputs[1].clone().reshape([outputs, width]).transpose()),
            bias: Some(leaf(inputs[2].clone())),
        };
        assert_agree(
            &format!("linear {rows} {width} {outputs}"),
            &[rows * width, width * outputs, outputs],
            |inputs| {
                nn::Linear::from(layer(inputs)).forward(inputs[0].clone().reshape([rows, 1, width]))
            },
            |inputs| layer(inputs).forward(inputs[0].clone().reshape([rows, 1, width])),
        );
    }
}

#[test]
fn attention_agrees() {
    for [batch, heads, queries, keys, width, depth] in
        [[2, 3, 5, 7, 8, 6], [1, 1, 1, 1, 1, 1], [2, 2, 65, 65, 64, 64], [1, 4, 17, 3, 5, 33]]
    {
        let shapes = [
            [batch, heads, queries, width],
            [batch, heads, keys, width],
            [batch, heads, keys, depth],
        ];
        let sizes = shapes.map(|shape| shape.iter().product());
        let part =
            |inputs: &[Tensor<1>], index: usize| inputs[index].clone().reshape(shapes[index]);
        assert_agree(
            &format!("{shapes:?}"),
            &sizes,
            |inputs| nn::attention(part(inputs, 0), part(inputs, 1), part(inputs, 2)),
            |inputs| attention_of_burn(part(inputs, 0), part(inputs, 1), part(inputs, 2)),
        );
    }
    for [batch, tokens, heads, width] in [[2, 5, 3, 4], [1, 1, 1, 1], [3, 50, 2, 32]] {
        let features = heads * width;
        let joined =
            |inputs: &[Tensor<1>]| inputs[0].clone().reshape([batch, tokens, 3 * features]);
        assert_agree(
            &format!("self {batch} {tokens} {heads} {width}"),
            &[batch * tokens * 3 * features],
            |inputs| nn::self_attention(joined(inputs), heads),
            |inputs| {
                let part = |index: usize| -> Tensor<4> {
                    let part = joined(inputs).slice([
                        0..batch,
                        0..tokens,
                        index * features..(index + 1) * features,
                    ]);
                    part.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
                };
                let output = attention_of_burn(part(0), part(1), part(2));
                output.swap_dims(1, 2).reshape([batch, tokens, features])
            },
        );
    }
}

#[test]
fn gelu_is_near_the_error_function_everywhere() {
    let inputs: Vec<f32> = (-80..=80).map(|x| x as f32 / 8.0).collect();
    let expected: Vec<f32> = inputs.iter().map(|x| reference::gelu(f64::from(*x)) as f32).collect();
    let count = inputs.len();
    let tensor = Tensor::<1>::from_data(TensorData::new(inputs, [count]), &Device::flex());
    for (found, expected) in floats(nn::gelu(tensor)).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
}
