use burn::{
    module::{Module, RunningState},
    nn::{self as stock, PaddingConfig2d},
    tensor::{Device, Tensor, TensorData, activation},
};
use zoo_kernels::{Precision, nn};

use crate::{assert_agree, assert_near, floats, leaf, vector};

#[test]
fn max_pool2d_agrees() {
    for (images, kernel, stride, padding) in [
        ([2, 3, 8, 8], [2, 2], [2, 2], [0, 0]),
        ([2, 17, 13, 13], [3, 3], [2, 2], [0, 0]),
        ([1, 32, 9, 7], [3, 3], [1, 1], [1, 1]),
        ([3, 5, 6, 10], [2, 3], [3, 1], [0, 1]),
        ([1, 1, 3, 3], [3, 3], [3, 3], [0, 0]),
    ] {
        let [row, column] = padding;
        let padding = PaddingConfig2d::Explicit(row, column, row, column);
        assert_agree(
            &format!("{images:?} {kernel:?} {stride:?}"),
            &[images.iter().product()],
            |inputs| {
                let config = nn::MaxPool2dConfig::new(kernel).with_strides(stride);
                let layer = config.with_padding(padding.clone()).init();
                layer.forward(inputs[0].clone().reshape(images))
            },
            |inputs| {
                let config = stock::pool::MaxPool2dConfig::new(kernel).with_strides(stride);
                let layer = config.with_padding(padding.clone()).init();
                layer.forward(inputs[0].clone().reshape(images))
            },
        );
    }
}

#[test]
fn batch_norm_agrees() {
    for shape in [[4, 3, 5, 6], [1, 32, 3, 3], [7, 16, 1, 1], [130, 33, 4, 4]] {
        let channels = shape[1];
        let norm = |inputs: &[Tensor<1>]| {
            let mut layer = stock::BatchNormConfig::new(channels).init(&inputs[0].device());
            layer.gamma = leaf(inputs[1].clone());
            layer.beta = leaf(inputs[2].clone());
            layer
        };
        let sizes = [shape.iter().product(), channels, channels];
        let image =
            |inputs: &[Tensor<1>]| inputs[0].clone().mul_scalar(2.0).add_scalar(0.5).reshape(shape);
        assert_agree(
            &format!("{shape:?}"),
            &sizes,
            |inputs| nn::BatchNorm::from(norm(inputs)).forward(image(inputs)),
            |inputs| norm(inputs).forward(image(inputs)),
        );
        assert_agree(
            &format!("{shape:?} with relu"),
            &sizes,
            |inputs| nn::BatchNorm::from(norm(inputs)).forward_relu(image(inputs)),
            |inputs| activation::relu(norm(inputs).forward(image(inputs))),
        );
    }
}

#[test]
fn batch_norm_of_rows_agrees() {
    let layer = stock::BatchNormConfig::new(9).init(&Device::flex().autodiff());
    assert_agree(
        "rows",
        &[5 * 9],
        |inputs| nn::BatchNorm::from(layer.clone()).forward(inputs[0].clone().reshape([5, 9])),
        |inputs| layer.clone().forward(inputs[0].clone().reshape([5, 9])),
    );
}

#[test]
fn batch_norm_remembers_as_burn_does() {
    let device = Device::flex().autodiff();
    let burns = stock::BatchNormConfig::new(4).init(&device);
    let ours = nn::BatchNormConfig::new(4).init(&device);
    for seed in 1..4 {
        let images = vector(3 * 4 * 5 * 5, seed, &device).reshape([3, 4, 5, 5]);
        burns.forward(images.clone());
        ours.forward(images);
    }
    let plain = vector(2 * 4 * 3 * 3, 9, &Device::flex()).reshape([2, 4, 3, 3]);
    let (burns, ours) = (burns.valid(), ours.valid());
    for (found, expected) in [
        (ours.running_mean.value(), burns.running_mean.value()),
        (ours.running_var.value(), burns.running_var.value()),
    ] {
        assert_near(&floats(found), &floats(expected), 1e-6, "running");
    }
    let expected = floats(burns.forward(plain.clone()));
    assert_near(&floats(ours.forward(plain.clone())), &expected, 1e-5, "inference");
    let expected: Vec<f32> = expected.iter().map(|x| x.max(0.0)).collect();
    assert_near(&floats(ours.forward_relu(plain)), &expected, 1e-5, "inference with relu");
}

#[test]
fn batch_norm_with_a_shortcut_agrees() {
    for shape in [[4, 3, 5, 6], [1, 32, 3, 3], [7, 16, 1, 1], [130, 33, 4, 4]] {
        let channels = shape[1];
        let norm = |inputs: &[Tensor<1>]| {
            let mut layer = stock::BatchNormConfig::new(channels).init(&inputs[0].device());
            layer.gamma = leaf(inputs[2].clone());
            layer.beta = leaf(inputs[3].clone());
            layer
        };
        let pixels = shape.iter().product();
        let image = |input: &Tensor<1>| input.clone().reshape(shape);
        // The output goes two ways, as that of a block does.
        let twice = |output: Tensor<4>| output.clone() * 0.5 + output.powi_scalar(2);
        assert_agree(
            &format!("{shape:?}"),
            &[pixels, pixels, channels, channels],
            |inputs| {
                let norm = nn::BatchNorm::from(norm(inputs));
                twice(norm.forward_add_relu(image(&inputs[0]), image(&inputs[1])))
            },
            |inputs| {
                let sum = norm(inputs).forward(image(&inputs[0])) + image(&inputs[1]);
                twice(activation::relu(sum))
            },
        );
        // An identity block: the shortcut is the input.
        assert_agree(
            &format!("{shape:?}, itself"),
            &[pixels, 1, channels, channels],
            |inputs| {
                let norm = nn::BatchNorm::from(norm(inputs));
                let unused = inputs[1].clone().reshape([1, 1, 1, 1]);
                norm.forward_add_relu(image(&inputs[0]), image(&inputs[0])) + unused
            },
            |inputs| {
                let sum = norm(inputs).forward(image(&inputs[0])) + image(&inputs[0]);
                activation::relu(sum) + inputs[1].clone().reshape([1, 1, 1, 1])
            },
        );
    }
}

/// Batch, channels, side; features, kernel, stride: some are done by Winograd's method.
type ConvNormCase = ([usize; 3], [usize; 3]);

const CONV_NORMS: [ConvNormCase; 6] = [
    ([2, 3, 15], [20, 7, 2]),
    ([1, 16, 9], [33, 3, 1]),
    ([3, 40, 8], [24, 3, 1]),
    ([2, 24, 7], [70, 1, 1]),
    ([9, 17, 6], [16, 1, 2]),
    ([5, 16, 8], [32, 3, 2]),
];

#[test]
fn a_folded_normalisation_agrees() {
    let device = Device::flex();
    for ([batch, channels, side], [features, kernel, stride]) in CONV_NORMS {
        let tensor =
            |shape: [usize; 4], seed| vector(shape.iter().product(), seed, &device).reshape(shape);
        let images = tensor([batch, channels, side, side], 1);
        let padding = PaddingConfig2d::Explicit(kernel / 2, kernel / 2, kernel / 2, kernel / 2);
        let mut conv = nn::Conv2dConfig::new([channels, features], [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(padding)
            .with_bias(false)
            .init(&device);
        conv.weight = leaf(tensor([features, channels, kernel, kernel], 2));
        let mut norm = nn::BatchNormConfig::new(features).init(&device);
        norm.gamma = leaf(vector(features, 3, &device));
        norm.beta = leaf(vector(features, 4, &device));
        norm.running_mean = RunningState::new(vector(features, 5, &device) * 3.0);
        norm.running_var = RunningState::new(vector(features, 6, &device) + 1.5);
        let plain = norm.forward(conv.forward(images.clone()));
        let shortcut = tensor(plain.dims(), 7);
        let what = format!("{channels} to {features}, {kernel} at {stride}");
        let check = |found: Tensor<4>, expected: Tensor<4>| {
            assert_near(&floats(found), &floats(expected), 1e-5, &what);
        };
        check(nn::conv_norm(&conv, &norm, images.clone()), plain.clone());
        check(nn::conv_norm_relu(&conv, &norm, images.clone()), activation::relu(plain.clone()));
        let expected = activation::relu(plain + shortcut.clone());
        // In either order of the pixels.
        let turned = shortcut.clone().permute([0, 2, 3, 1]) * 1.0;
        for shortcut in [shortcut, turned.permute([0, 3, 1, 2])] {
            let found = nn::conv_norm_add_relu(&conv, &norm, images.clone(), shortcut);
            check(found, expected.clone());
        }
    }
}

/// Bit for bit, directly and by Winograd's method, with a bias and without, in either precision.
#[test]
fn a_convolution_is_cut_off_in_its_own_pass() {
    let device = Device::flex();
    for (channels, features, kernel, stride) in [(3, 20, 3, 2), (16, 24, 3, 1), (5, 7, 1, 1)] {
        for (has_bias, precision) in
            [(true, Precision::F32), (false, Precision::F32), (true, Precision::Bf16)]
        {
            let _scope = precision.enter();
            let config = nn::Conv2dConfig::new([channels, features], [kernel; 2]);
            let mut conv = config.with_stride([stride; 2]).with_bias(has_bias).init(&device);
            conv.bias = has_bias.then(|| leaf(vector(features, 2, &device)));
            let images = vector(2 * channels * 81, 1, &device).reshape([2, channels, 9, 9]);
            let found = floats(nn::conv_relu(&conv, images.clone()));
            let expected = floats(activation::relu(conv.forward(images)));
            assert!(
                found == expected && found.contains(&0.0),
                "{channels} to {features}, {kernel}"
            );
        }
    }
}

/// The images of a training are on the plain device, its weights are tracked.
#[test]
fn weights_are_trained_on_images_that_are_not_tracked() {
    let device = Device::flex().autodiff();
    let conv = nn::Conv2dConfig::new([3, 4], [3, 3]).with_bias(false).init(&device);
    let norm = nn::BatchNormConfig::new(4).init(&device);
    let images = vector(2 * 3 * 25, 1, &Device::flex()).reshape([2, 3, 5, 5]);
    let output = nn::conv_norm_relu(&conv, &norm, images);
    let gradients = output.powi_scalar(2).sum().backward();
    assert!(conv.weight.val().grad(&gradients).is_some());
    assert_ne!(floats(norm.running_mean.value_sync()), [0.0; 4]);
}

#[test]
fn local_response_norm_agrees() {
    for (size, beta) in [(5, 0.75), (4, 0.75), (1, 0.75), (3, 0.6), (9, 1.0)] {
        let shape = [2, 7, 3, 5];
        assert_agree(
            &format!("{size} {beta}"),
            &[shape.iter().product()],
            |inputs| {
                let config = nn::LocalResponseNormConfig::new(size).with_alpha(0.3).with_beta(beta);
                config.with_k(2.0).init().forward(inputs[0].clone().reshape(shape))
            },
            |inputs| {
                let config =
                    stock::LocalResponseNormConfig::new(size).with_alpha(0.3).with_beta(beta);
                config.with_k(2.0).init().forward(inputs[0].clone().reshape(shape))
            },
        );
    }
}

#[test]
fn not_a_number_stays() {
    let data = TensorData::new(vec![f32::NAN, 1.0, -1.0, 2.0], [1, 1, 2, 2]);
    let images = Tensor::<4>::from_data(data, &Device::flex());
    assert!(floats(nn::relu(images.clone()))[0].is_nan());
    let pooled = nn::MaxPool2dConfig::new([2, 2]).init().forward(images);
    assert!(floats(pooled)[0].is_nan());
}
