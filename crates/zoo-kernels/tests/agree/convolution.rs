use burn::{
    nn::{self as stock, PaddingConfig2d},
    tensor::{Tensor, activation},
};
use proptest::{prelude::*, sample::select};
use zoo_kernels::nn;

use crate::{
    assert_agree, convolutions,
    exact::{Layout, assert_exact, features, layout, windows},
    reference::{self, Windows},
};

/// Batch, height, width; channels in and out; kernel; stride; symmetric padding; groups.
type ConvCase = ([usize; 3], [usize; 2], [usize; 2], [usize; 2], [usize; 2], usize);

const CONVOLUTIONS: [ConvCase; 35] = [
    ([2, 8, 8], [3, 32], [3, 3], [1, 1], [1, 1], 1),
    ([3, 9, 7], [16, 64], [3, 3], [1, 1], [1, 1], 1),
    ([1, 6, 6], [64, 48], [3, 3], [1, 1], [1, 1], 1),
    ([9, 5, 5], [5, 7], [3, 3], [1, 1], [1, 1], 1),
    ([17, 4, 4], [8, 96], [3, 3], [1, 1], [0, 0], 1),
    ([1, 1, 1], [4, 4], [1, 1], [1, 1], [0, 0], 1),
    ([5, 6, 7], [24, 70], [1, 1], [1, 1], [0, 0], 1),
    ([3, 7, 5], [20, 17], [1, 1], [2, 2], [0, 0], 1),
    ([1, 3, 3], [4, 5], [3, 3], [1, 1], [0, 0], 1),
    ([2, 1, 13], [3, 6], [1, 5], [1, 2], [0, 2], 1),
    ([2, 35, 35], [3, 64], [11, 11], [4, 4], [2, 2], 1),
    ([2, 13, 13], [16, 33], [5, 5], [1, 1], [2, 2], 1),
    ([2, 16, 16], [3, 40], [4, 4], [4, 4], [0, 0], 1),
    ([2, 17, 18], [3, 20], [4, 4], [4, 4], [0, 0], 1),
    ([2, 9, 9], [8, 16], [3, 3], [2, 2], [1, 1], 1),
    ([2, 10, 11], [8, 16], [3, 3], [2, 3], [1, 0], 1),
    ([2, 8, 8], [16, 16], [1, 1], [2, 2], [0, 0], 1),
    ([2, 7, 7], [4, 3], [2, 2], [3, 3], [0, 0], 1),
    ([2, 7, 7], [6, 6], [3, 3], [1, 1], [1, 1], 6),
    ([2, 7, 7], [8, 12], [3, 3], [1, 1], [1, 1], 2),
    ([2, 9, 9], [32, 64], [5, 5], [1, 1], [2, 2], 2),
    ([2, 9, 9], [6, 9], [3, 3], [2, 2], [1, 1], 3),
    ([2, 4, 4], [3, 17], [3, 3], [1, 1], [2, 2], 1),
    ([2, 4, 4], [3, 5], [2, 2], [1, 1], [3, 3], 1),
    ([2, 13, 13], [33, 50], [3, 3], [1, 1], [1, 1], 1),
    ([40, 8, 8], [32, 32], [3, 3], [1, 1], [1, 1], 1),
    ([5, 4, 4], [16, 17], [3, 3], [1, 1], [2, 2], 1),
    ([1, 20, 3], [17, 16], [3, 3], [1, 1], [0, 1], 1),
    ([9, 5, 8], [24, 80], [3, 3], [1, 1], [2, 0], 1),
    ([3, 2, 2], [16, 16], [3, 3], [1, 1], [1, 1], 1),
    ([4, 6, 6], [160, 130], [3, 3], [1, 1], [1, 1], 1),
    ([3, 12, 11], [20, 33], [5, 5], [1, 1], [2, 2], 1),
    ([2, 9, 14], [16, 24], [6, 3], [1, 1], [5, 2], 1),
    ([2, 16, 16], [18, 16], [7, 7], [1, 1], [3, 1], 1),
    ([2, 14, 20], [16, 16], [3, 9], [1, 1], [1, 4], 1),
];

#[test]
fn conv2d_agrees() {
    for case in CONVOLUTIONS {
        let ([batch, height, width], channels, kernel, stride, padding, groups) = case;
        let images = [batch, channels[0], height, width];
        let weights = [channels[1], channels[0] / groups, kernel[0], kernel[1]];
        let sizes = [images.iter().product(), weights.iter().product(), channels[1]];
        for with_bias in [true, false] {
            let sizes = if with_bias { &sizes[..] } else { &sizes[..2] };
            let layers = |inputs: &[Tensor<1>]| {
                let [row, column] = padding;
                convolutions(
                    channels,
                    kernel,
                    stride,
                    groups,
                    PaddingConfig2d::Explicit(row, column, row, column),
                    inputs[1].clone().reshape(weights),
                    with_bias.then(|| inputs[2].clone()),
                )
            };
            assert_agree(
                &format!("{case:?}"),
                sizes,
                |inputs| layers(inputs).0.forward(inputs[0].clone().reshape(images)),
                |inputs| layers(inputs).1.forward(inputs[0].clone().reshape(images)),
            );
        }
    }
}

#[test]
fn conv2d_of_same_padding_and_even_kernel_agrees() {
    let (images, weights) = ([2, 3, 7, 6], [5, 3, 4, 2]);
    let layers = |inputs: &[Tensor<1>]| {
        let weight = inputs[1].clone().reshape(weights);
        convolutions([3, 5], [4, 2], [1, 1], 1, PaddingConfig2d::Same, weight, None)
    };
    assert_agree(
        "same",
        &[2 * 3 * 7 * 6, 5 * 3 * 4 * 2],
        |inputs| layers(inputs).0.forward(inputs[0].clone().reshape(images)),
        |inputs| layers(inputs).1.forward(inputs[0].clone().reshape(images)),
    );
}

/// A permuted, a sliced and a broadcast view of the same size, `[2, 5, 6, 4]`.
fn views(input: &Tensor<1>) -> [Tensor<4>; 3] {
    let flat = input.clone();
    [
        flat.clone().reshape([4, 6, 2, 5]).permute([2, 3, 1, 0]),
        Tensor::cat(vec![flat.clone(), flat.clone()], 0).reshape([2, 10, 6, 4]).slice([0..2, 3..8]),
        flat.narrow(0, 0, 60).reshape([2, 5, 6, 1]).expand([2, 5, 6, 4]),
    ]
}

#[test]
fn views_agree() {
    for view in 0..3 {
        let weights = [7, 5, 3, 3];
        let layers = |inputs: &[Tensor<1>]| {
            let weight = inputs[1].clone().reshape([3, 3, 5, 7]).permute([3, 2, 1, 0]);
            assert_eq!(weight.dims(), weights);
            convolutions([5, 7], [3, 3], [1, 1], 1, PaddingConfig2d::Valid, weight, None)
        };
        let sizes = [2 * 5 * 6 * 4, 7 * 5 * 9];
        assert_agree(
            "conv2d",
            &sizes,
            |inputs| layers(inputs).0.forward(views(&inputs[0])[view].clone()),
            |inputs| layers(inputs).1.forward(views(&inputs[0])[view].clone()),
        );
        type Unary = fn(Tensor<4>) -> Tensor<4>;
        let unary: [(&str, Unary, Unary); 4] = [
            ("relu", nn::relu, activation::relu),
            ("gelu", nn::gelu, activation::gelu),
            ("softmax", |x| nn::softmax(x, 3), |x| activation::softmax(x, 3)),
            (
                "max_pool2d",
                |x| nn::MaxPool2dConfig::new([2, 2]).init().forward(x),
                |x| stock::pool::MaxPool2dConfig::new([2, 2]).init().forward(x),
            ),
        ];
        for (name, ours, burns) in unary {
            assert_agree(
                name,
                &sizes[..1],
                |inputs| ours(views(&inputs[0])[view].clone()),
                |inputs| burns(views(&inputs[0])[view].clone()),
            );
        }
    }
}

/// Windows of convolutions that are mostly done by Winograd's method.
fn filtered_windows() -> impl Strategy<Value = Windows> {
    (
        [4..10usize, 4..10],
        select(vec![[3, 3], [5, 5], [3, 6], [6, 5]]),
        [2..4usize, 2..4, 0..3, 0..3],
    )
        .prop_map(|(size, kernel, padding)| Windows { size, kernel, stride: [1, 1], padding })
}

/// A convolution of drawn shape and layout beside Burn's and the reference.
fn assert_exact_convolution(
    batch: usize,
    windows: Windows,
    (groups, from, to): (usize, usize, usize),
    (of_images, of_weights): (Layout, Layout),
) {
    let channels = [groups * from, groups * to];
    let [height, width] = windows.size;
    let images = [batch, channels[0], height, width];
    let weights = [channels[1], from, windows.kernel[0], windows.kernel[1]];
    let layers = |inputs: &[Tensor<1>]| {
        let weight = of_weights.of(inputs[1].clone().reshape(weights));
        let (padding, bias) = (windows.burn_padding(), Some(inputs[2].clone()));
        convolutions(channels, windows.kernel, windows.stride, groups, padding, weight, bias)
    };
    let image = |inputs: &[Tensor<1>]| of_images.of(inputs[0].clone().reshape(images));
    assert_exact(
        &format!("{images:?} {channels:?} {groups} {windows:?} {of_images:?} {of_weights:?}"),
        &[images.iter().product(), weights.iter().product(), channels[1]],
        |inputs| layers(inputs).0.forward(image(inputs)),
        |inputs| layers(inputs).1.forward(image(inputs)),
        |inputs| reference::conv2d(inputs, batch, channels, groups, &windows),
    );
}

#[test]
fn conv2d_padded_on_one_side_is_exact() {
    for side in 0..4 {
        let mut padding = [0; 4];
        padding[side] = 2;
        for (kernel, stride) in [([1, 1], [1, 1]), ([3, 3], [1, 1]), ([2, 2], [3, 3])] {
            let windows = Windows { size: [5, 4], kernel, stride, padding };
            let layouts = (Layout::ChannelsLast, Layout::Dense);
            assert_exact_convolution(2, windows, (1, 3, 5), layouts);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn conv2d_is_exact(
        batch in 1..4usize,
        windows in windows(2),
        channels in (1..4usize, 1..5usize, features()),
        layouts in (layout(), layout()),
    ) {
        assert_exact_convolution(batch, windows, channels, layouts);
    }

    #[test]
    fn conv2d_by_winograd_is_exact(
        batch in 1..6usize,
        windows in filtered_windows(),
        channels in (Just(1usize), 16..24usize, 16..24usize),
        layouts in (layout(), layout()),
    ) {
        assert_exact_convolution(batch, windows, channels, layouts);
    }
}
