//! Every kernel beside Burn's own operation on the same backend, forward and backward.
#![cfg(feature = "flex")]

mod convolution;
mod exact;
#[cfg(target_os = "linux")]
mod guarded;
mod images;
mod joined;
mod narrow;
mod properties;
mod reference;
mod residual;
mod tiles;
mod tokens;

use burn::{
    module::{Initializer, Param, ParamId},
    nn::{self as stock, PaddingConfig2d},
    tensor::{Device, Tensor, TensorData, activation},
};
use zoo_kernels::nn;

/// Output of a function and the gradients of its inputs under a fixed weighting of the output.
struct Outcome {
    output: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

/// Numbers between -1 and 1 that look random and are the same everywhere.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32)
        .map(|index| {
            let mut hash =
                index.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503));
            hash ^= hash >> 16;
            hash = hash.wrapping_mul(0x85eb_ca6b);
            hash ^= hash >> 13;
            (hash >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn vector(count: usize, seed: u32, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(numbers(count, seed), [count]), device)
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Runs `function` on flat inputs of the given sizes.
fn outcome<const D: usize>(
    sizes: &[usize],
    function: impl Fn(&[Tensor<1>]) -> Tensor<D>,
) -> Outcome {
    let device = Device::flex().autodiff();
    let inputs: Vec<Tensor<1>> = (sizes.iter().zip(1..))
        .map(|(size, seed)| vector(*size, seed, &device).require_grad())
        .collect();
    let output = function(&inputs);
    let weights = vector(output.shape().num_elements(), 99, &device).reshape(output.shape());
    let gradients = (output.clone() * weights).sum().backward();
    Outcome {
        output: floats(output),
        gradients: inputs.iter().map(|input| floats(input.grad(&gradients).unwrap())).collect(),
    }
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |scale: f32, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * scale,
            "{what}, element {index}: {found} instead of {expected}"
        );
    }
}

/// Compares `ours` with `burns` and with itself, and returns what came out.
#[track_caller]
fn assert_agree<const D: usize>(
    what: &str,
    sizes: &[usize],
    ours: impl Fn(&[Tensor<1>]) -> Tensor<D>,
    burns: impl Fn(&[Tensor<1>]) -> Tensor<D>,
) -> Outcome {
    let (found, expected) = (outcome(sizes, &ours), outcome(sizes, burns));
    assert_near(&found.output, &expected.output, 1e-5, what);
    for (number, (found, expected)) in found.gradients.iter().zip(&expected.gradients).enumerate() {
        assert_near(found, expected, 1e-4, &format!("{what}, gradient {number}"));
    }
    let again = outcome(sizes, ours);
    assert_eq!(found.output, again.output, "{what}, again");
    assert_eq!(found.gradients, again.gradients, "{what}, gradients again");
    found
}

/// A parameter that is part of the graph already.
fn leaf<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
    Param::initialized(ParamId::new(), tensor)
}

/// Burn's and our layer with the same parameters.
fn convolutions(
    channels: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    groups: usize,
    padding: PaddingConfig2d,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
) -> (nn::Conv2d, stock::conv::Conv2d) {
    let mut layer = stock::conv::Conv2dConfig::new(channels, kernel)
        .with_stride(stride)
        .with_groups(groups)
        .with_padding(padding)
        .with_bias(bias.is_some())
        .with_initializer(Initializer::Zeros)
        .init(&weight.device());
    layer.weight = leaf(weight);
    layer.bias = bias.map(leaf);
    (layer.clone().into(), layer)
}

fn attention_of_burn(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>) -> Tensor<4> {
    let scale = 1.0 / (query.dims()[3] as f64).sqrt();
    activation::softmax(query.matmul(key.transpose()).mul_scalar(scale), 3).matmul(value)
}

/// The whole file once more with the instructions held back.
#[test]
fn narrower_instructions_agree() {
    if ["ZOO_KERNELS_SIMD", "AGREE_GUARD"].iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let without_tiles = tiles::goes_by_tiles().then_some("avx512bf16");
    for level in without_tiles.into_iter().chain(["avx512", "avx2", "plain"]) {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .env("ZOO_KERNELS_SIMD", level)
            .status()
            .unwrap();
        assert!(status.success(), "{level}");
    }
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    assert_same_bits(&[20 * 16 * 100, 32 * 16 * 9, 32, 32 * 40], |inputs| {
        let weight = inputs[1].clone().reshape([32, 16, 3, 3]);
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let bias = Some(inputs[2].clone());
        let (conv, _) = convolutions([16, 32], [3, 3], [1, 1], 1, padding, weight, bias);
        let images = conv.forward(inputs[0].clone().reshape([20, 16, 10, 10]));
        let norm = nn::BatchNormConfig::new(32).init(&images.device());
        let images = nn::LocalResponseNormConfig::new(5).init().forward(norm.forward_relu(images));
        let images = nn::max_pool2d(
            images,
            burn::tensor::ops::MaxPoolOptions::new([3, 3]).with_stride([2, 2]),
        );
        let tokens = images.reshape([20, 32, 16]).swap_dims(1, 2);
        let head = nn::Linear { weight: leaf(inputs[3].clone().reshape([32, 40])), bias: None };
        nn::gelu(head.forward(tokens))
    });
    assert_same_bits(&[40 * 33 * 48, 48 * 144, 48 * 600], |inputs| {
        let tokens = inputs[0].clone().reshape([40, 33, 48]);
        let norm = nn::LayerNormConfig::new(48).init(&tokens.device());
        let joined = nn::Linear { weight: leaf(inputs[1].clone().reshape([48, 144])), bias: None };
        let tokens = nn::self_attention(joined.forward(norm.forward(tokens)), 4);
        let classes = nn::Linear { weight: leaf(inputs[2].clone().reshape([48, 600])), bias: None };
        nn::softmax(classes.forward(tokens.narrow(1, 0, 1)), 2)
    });
}

/// Runs `network` on 1, 2, 3 and 7 threads.
fn assert_same_bits(sizes: &[usize], network: fn(&[Tensor<1>]) -> Tensor<3>) {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| outcome(sizes, network))
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        let many = run(threads);
        assert_eq!(one.output, many.output, "{threads}");
        assert_eq!(one.gradients, many.gradients, "{threads}");
    }
}

#[test]
fn gradients_are_finite_differences() {
    let sizes = [2 * 3 * 5 * 5, 4 * 3 * 9, 4, 4];
    let network = |inputs: &[Tensor<1>]| {
        let weight = inputs[1].clone().reshape([4, 3, 3, 3]);
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let (conv, _) =
            convolutions([3, 4], [3, 3], [2, 2], 1, padding, weight, Some(inputs[2].clone()));
        let images = nn::gelu(conv.forward(inputs[0].clone().reshape([2, 3, 5, 5])));
        let mut norm = nn::LayerNormConfig::new(4).init(&images.device());
        norm.gamma = leaf(inputs[3].clone());
        let tokens: Tensor<3> = norm.forward(images.permute([0, 2, 3, 1])).flatten(1, 2);
        nn::softmax(tokens, 2)
    };
    let exact = outcome(&sizes, network);
    let device = Device::flex();
    let loss = |changed: usize, element: usize, by: f32| -> f64 {
        let inputs: Vec<Tensor<1>> = (0..sizes.len())
            .map(|index| {
                let mut values = numbers(sizes[index], index as u32 + 1);
                if index == changed {
                    values[element] += by;
                }
                Tensor::from_data(TensorData::new(values, [sizes[index]]), &device)
            })
            .collect();
        let output = floats(network(&inputs));
        let weights = numbers(output.len(), 99);
        output.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(w)).sum()
    };
    for (input, gradients) in exact.gradients.iter().enumerate() {
        for element in (0..sizes[input]).step_by(5) {
            let slope = (loss(input, element, 1e-2) - loss(input, element, -1e-2)) / 2e-2;
            let found = f64::from(gradients[element]);
            assert!(
                (found - slope).abs() < 2e-3,
                "{input} {element}: {found}, differences {slope}"
            );
        }
    }
}

#[test]
#[allow(deprecated, reason = "the ndarray backend stands for every backend without kernels")]
fn other_backends_agree() {
    let run = |device: Device| {
        let tensor =
            |shape: [usize; 4], seed| vector(shape.iter().product(), seed, &device).reshape(shape);
        let layer = nn::Conv2d {
            weight: leaf(tensor([6, 4, 3, 3], 2)),
            bias: None,
            ..nn::Conv2dConfig::new([4, 6], [3, 3]).init(&device)
        };
        let images = layer.forward(tensor([2, 4, 9, 9], 1));
        let norm = nn::BatchNormConfig::new(6).init(&device);
        let images = nn::MaxPool2dConfig::new([3, 3])
            .with_strides([2, 2])
            .init()
            .forward(norm.forward_relu(images));
        let images = nn::LocalResponseNormConfig::new(3).init().forward(images);
        let tokens: Tensor<3> = images.flatten(2, 3).swap_dims(1, 2);
        let norm = nn::LayerNormConfig::new(6).init(&device);
        floats(nn::gelu(nn::self_attention(norm.forward(tokens), 1)))
    };
    assert_near(&run(Device::flex()), &run(Device::ndarray()), 1e-5, "ndarray");
}
