use burn::{
    module::{Param, ParamId},
    nn::{self as stock, PaddingConfig2d},
    tensor::{Tensor, activation},
};
use divan::Bencher;
use zoo_kernels::nn;

use crate::{Line, Whose, lines, time};

/// Batch, channels, side; features, kernel, stride, padding.
type Convolution = ([usize; 3], [usize; 4]);

const CONVOLUTIONS: [Convolution; 13] = [
    ([128, 3, 32], [32, 3, 1, 1]),
    ([128, 32, 16], [64, 3, 1, 1]),
    ([128, 64, 8], [128, 3, 1, 1]),
    ([16, 3, 224], [64, 11, 4, 2]),
    ([16, 64, 27], [192, 5, 1, 2]),
    ([16, 192, 13], [384, 3, 1, 1]),
    ([16, 384, 13], [256, 3, 1, 1]),
    ([16, 256, 13], [256, 3, 1, 1]),
    ([1, 64, 27], [192, 5, 1, 2]),
    ([1, 256, 13], [256, 3, 1, 1]),
    ([2, 16, 8], [16, 3, 1, 1]),
    ([8, 3, 224], [192, 16, 16, 0]),
    ([64, 3, 32], [192, 4, 4, 0]),
];

#[divan::bench(args = lines(&CONVOLUTIONS))]
fn conv2d(bencher: Bencher, (shape, pass, whose): &Line<Convolution>) {
    let ([batch, channels, side], [features, kernel, stride, padding]) = *shape;
    let images = [batch, channels, side, side];
    let weights = [features, channels, kernel, kernel];
    let sizes = [images.iter().product(), weights.iter().product(), features];
    time(bencher, *pass, &sizes, |inputs| {
        let mut layer = stock::conv::Conv2dConfig::new([channels, features], [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .with_initializer(burn::module::Initializer::Zeros)
            .init(&inputs[0].device());
        layer.weight = Param::initialized(ParamId::new(), inputs[1].clone().reshape(weights));
        layer.bias = Some(Param::initialized(ParamId::new(), inputs[2].clone()));
        // Images from the loader need no gradient; inner ones come from a layer.
        let images = match channels {
            3 => inputs[0].clone().detach().set_require_grad(false).reshape(images),
            _ => images_of(&inputs[0], [batch, channels, side], whose),
        };
        match whose {
            Whose::Zoo => nn::Conv2d::from(layer).forward(images),
            Whose::Burn => layer.forward(images),
        }
    });
}

/// Images in the order in which each side's own convolutions leave them.
fn images_of(input: &Tensor<1>, [batch, channels, side]: Images, whose: &Whose) -> Tensor<4> {
    match whose {
        Whose::Zoo => input.clone().reshape([batch, side, side, channels]).permute([0, 3, 1, 2]),
        Whose::Burn => input.clone().reshape([batch, channels, side, side]),
    }
}

/// Batch, channels, side; window, stride.
type Pooling = ([usize; 3], [usize; 2]);

const POOLINGS: [Pooling; 6] = [
    ([128, 32, 32], [2, 2]),
    ([128, 64, 16], [2, 2]),
    ([128, 128, 8], [2, 2]),
    ([16, 64, 55], [3, 2]),
    ([16, 192, 27], [3, 2]),
    ([16, 256, 13], [3, 2]),
];

#[divan::bench(args = lines(&POOLINGS))]
fn max_pool2d(bencher: Bencher, (shape, pass, whose): &Line<Pooling>) {
    let (sizes, [window, stride]) = *shape;
    let [batch, channels, side] = sizes;
    time(bencher, *pass, &[batch * channels * side * side], |inputs| {
        let images = images_of(&inputs[0], sizes, whose);
        let (window, stride) = ([window, window], [stride, stride]);
        match whose {
            Whose::Zoo => {
                nn::MaxPool2dConfig::new(window).with_strides(stride).init().forward(images)
            }
            Whose::Burn => stock::pool::MaxPool2dConfig::new(window)
                .with_strides(stride)
                .init()
                .forward(images),
        }
    });
}

/// Batch, channels, side.
type Images = [usize; 3];

const NORMALISED: [Images; 3] = [[128, 32, 32], [128, 64, 16], [128, 128, 8]];

#[divan::bench(args = lines(&NORMALISED))]
fn batch_norm_and_relu(bencher: Bencher, (shape, pass, whose): &Line<Images>) {
    let [batch, channels, side] = *shape;
    time(bencher, *pass, &[batch * channels * side * side], |inputs| {
        let layer = stock::BatchNormConfig::new(channels).init(&inputs[0].device());
        let images = images_of(&inputs[0], *shape, whose);
        match whose {
            Whose::Zoo => nn::BatchNorm::from(layer).forward_relu(images),
            Whose::Burn => activation::relu(layer.forward(images)),
        }
    });
}

const RESPONSES: [Images; 2] = [[16, 96, 55], [16, 256, 27]];

#[divan::bench(args = lines(&RESPONSES))]
fn local_response_norm(bencher: Bencher, (shape, pass, whose): &Line<Images>) {
    let [batch, channels, side] = *shape;
    time(bencher, *pass, &[batch * channels * side * side], |inputs| {
        let images = images_of(&inputs[0], *shape, whose);
        match whose {
            Whose::Zoo => nn::LocalResponseNormConfig::new(5).init().forward(images),
            Whose::Burn => stock::LocalResponseNormConfig::new(5).init().forward(images),
        }
    });
}
