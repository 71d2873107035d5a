use burn::{
    module::{Param, ParamId},
    nn as stock,
    tensor::{Tensor, activation},
};
use divan::Bencher;
use zoo_kernels::nn;

use crate::{Line, Whose, lines, time};

/// Rows, inputs, outputs.
type Product = [usize; 3];

const PRODUCTS: [Product; 13] = [
    [128, 2048, 256],
    [128, 256, 10],
    [16, 9216, 4096],
    [16, 4096, 4096],
    [16, 4096, 1000],
    [1576, 192, 576],
    [1576, 192, 192],
    [1576, 192, 768],
    [1576, 768, 192],
    [8, 192, 1000],
    [4160, 192, 576],
    [4160, 192, 768],
    [64, 192, 10],
];

#[divan::bench(args = lines(&PRODUCTS))]
fn linear(bencher: Bencher, ([rows, from, to], pass, whose): &Line<Product>) {
    let (rows, from, to) = (*rows, *from, *to);
    time(bencher, *pass, &[rows * from, from * to, to], |inputs| {
        let layer = stock::Linear {
            weight: Param::initialized(ParamId::new(), inputs[1].clone().reshape([from, to])),
            bias: Some(Param::initialized(ParamId::new(), inputs[2].clone())),
        };
        let input: Tensor<2> = inputs[0].clone().reshape([rows, from]);
        match whose {
            Whose::Zoo => nn::Linear::from(layer).forward(input),
            Whose::Burn => layer.forward(input),
        }
    });
}

/// Rows and their length.
type Rows = [usize; 2];

const TOKENS: [Rows; 2] = [[1576, 192], [4160, 192]];

#[divan::bench(args = lines(&TOKENS))]
fn layer_norm(bencher: Bencher, ([rows, width], pass, whose): &Line<Rows>) {
    let (rows, width) = (*rows, *width);
    time(bencher, *pass, &[rows * width], |inputs| {
        let (input, device) = (inputs[0].clone().reshape([rows, width]), inputs[0].device());
        match whose {
            Whose::Zoo => nn::LayerNormConfig::new(width).init(&device).forward::<2>(input),
            Whose::Burn => stock::LayerNormConfig::new(width).init(&device).forward(input),
        }
    });
}

type Function = fn(Tensor<2>) -> Tensor<2>;

fn function(bencher: Bencher, (shape, pass, whose): &Line<Rows>, ours: Function, burns: Function) {
    time(bencher, *pass, &[shape[0] * shape[1]], |inputs| {
        let input = inputs[0].clone().reshape(*shape);
        match whose {
            Whose::Zoo => ours(input),
            Whose::Burn => burns(input),
        }
    });
}

const HIDDEN: [Rows; 2] = [[1576, 768], [4160, 768]];

#[divan::bench(args = lines(&HIDDEN))]
fn gelu(bencher: Bencher, line: &Line<Rows>) {
    function(bencher, line, nn::gelu, activation::gelu);
}

const MAPS: [Rows; 3] = [[16 * 64, 55 * 55], [16 * 192, 27 * 27], [16, 4096]];

#[divan::bench(args = lines(&MAPS))]
fn relu(bencher: Bencher, line: &Line<Rows>) {
    function(bencher, line, nn::relu, activation::relu);
}

const SCORES: [Rows; 3] = [[24 * 197, 197], [192 * 65, 65], [16, 1000]];

#[divan::bench(args = lines(&SCORES))]
fn softmax(bencher: Bencher, line: &Line<Rows>) {
    function(bencher, line, |x| nn::softmax(x, 1), |x| activation::softmax(x, 1));
}

/// Images, tokens, heads, width of a head.
type Attention = [usize; 4];

const ATTENTIONS: [Attention; 2] = [[8, 197, 3, 64], [64, 65, 3, 64]];

#[divan::bench(args = lines(&ATTENTIONS))]
fn self_attention(bencher: Bencher, (shape, pass, whose): &Line<Attention>) {
    let [batch, tokens, heads, width] = *shape;
    let features = heads * width;
    time(bencher, *pass, &[batch * tokens * 3 * features], |inputs| {
        let input: Tensor<3> = inputs[0].clone().reshape([batch, tokens, 3 * features]);
        if let Whose::Zoo = whose {
            return nn::self_attention(input, heads);
        }
        let part = |index: usize| -> Tensor<4> {
            let part = input.clone().narrow(2, index * features, features);
            part.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
        };
        let scores = part(0).matmul(part(1).transpose()).div_scalar((width as f64).sqrt());
        let output = activation::softmax(scores, 3).matmul(part(2));
        output.swap_dims(1, 2).reshape([batch, tokens, features])
    });
}
