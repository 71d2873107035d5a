//! Layers that are computed in one pass give the bits of one after the other, with any number of threads.

use burn::{
    module::RunningState,
    nn::PaddingConfig2d,
    tensor::{Device, Tensor},
};
use proptest::{prelude::*, sample::select};
use zoo_kernels::{Precision, nn};

use crate::{
    exact::{features, layout, windows},
    floats, leaf,
    reference::Windows,
    vector,
};

fn bits<const D: usize>(tensor: Tensor<D>) -> Vec<u32> {
    floats(tensor).into_iter().map(f32::to_bits).collect()
}

fn convolution(channels: [usize; 2], windows: &Windows, has_bias: bool) -> nn::Conv2d {
    let device = Device::flex();
    let mut conv = nn::Conv2dConfig::new(channels, windows.kernel)
        .with_stride(windows.stride)
        .with_padding(windows.burn_padding())
        .with_bias(has_bias)
        .init(&device);
    let [from, to] = channels;
    let weights = [to, from, windows.kernel[0], windows.kernel[1]];
    conv.weight = leaf(vector(weights.iter().product(), 2, &device).reshape(weights));
    conv.bias = has_bias.then(|| leaf(vector(to, 3, &device)));
    conv
}

fn normalisation(features: usize) -> nn::BatchNorm {
    let device = Device::flex();
    let mut norm = nn::BatchNormConfig::new(features).init(&device);
    norm.gamma = leaf(vector(features, 4, &device));
    norm.beta = leaf(vector(features, 5, &device));
    norm.running_mean = RunningState::new(vector(features, 6, &device));
    norm.running_var = RunningState::new(vector(features, 7, &device) + 1.5);
    norm
}

/// What `forward` gives on so many threads.
fn on<const D: usize>(
    threads: usize,
    precision: Precision,
    forward: impl Fn() -> Tensor<D> + Send + Sync,
) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let _scope = precision.enter();
        bits(forward())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// With gradients, layers keep what lies between them.
    #[test]
    fn attention_without_gradients_changes_no_bit(
        (batch, heads) in (1..3usize, 1..4usize),
        (queries, keys) in (1..130usize, 1..130usize),
        (width, depth) in (1..40usize, prop_oneof![1..40usize, Just(64)]),
        layouts in [layout(), layout(), layout()],
        precision in select(Precision::ALL.to_vec()),
    ) {
        let shapes = [(queries, width), (keys, width), (keys, depth)];
        let attention = |device: &Device| {
            let [query, key, value] = [0, 1, 2].map(|number| {
                let (rows, columns) = shapes[number];
                let shape = [batch, heads, rows, columns];
                let part = vector(shape.iter().product(), number as u32, device).reshape(shape);
                layouts[number].of(part)
            });
            nn::attention(query, key, value)
        };
        let expected = on(1, precision, || attention(&Device::flex().autodiff()));
        for threads in [1, 2, 7] {
            let found = on(threads, precision, || attention(&Device::flex()));
            prop_assert!(found == expected, "{threads} threads");
        }
    }

    #[test]
    fn two_linear_layers_in_the_same_pass_change_no_bit(
        rows in prop_oneof![1..20usize, 250..420usize],
        (inputs, hidden, outputs) in
            (1..80usize, prop_oneof![1..80usize, 500..530usize], 1..140usize),
        (of_input, has_bias) in (layout(), any::<bool>()),
        precision in select(Precision::ALL.to_vec()),
    ) {
        let device = Device::flex();
        let [first, second] = [0, 1].map(|number| {
            let [inputs, outputs] = [[inputs, hidden], [hidden, outputs]][number];
            nn::Linear {
                weight: leaf(vector(inputs * outputs, 2, &device).reshape([inputs, outputs])),
                bias: has_bias.then(|| leaf(vector(outputs, 3, &device))),
            }
        });
        let held = [&first, &second].map(|layer| nn::held_in(layer.clone(), precision));
        let input = of_input.of(vector(rows * inputs, 1, &device).reshape([rows, inputs]));
        let expected =
            on(1, precision, || second.forward(nn::gelu(first.forward(input.clone()))));
        for threads in [1, 2, 7] {
            let found = on(threads, precision, || nn::mlp(&first, &second, input.clone()));
            prop_assert!(found == expected, "{threads} threads");
            let found = on(threads, precision, || nn::mlp(&held[0], &held[1], input.clone()));
            prop_assert!(found == expected, "{threads} threads, weights held in {precision}");
        }
    }

    #[test]
    fn pooling_in_the_same_pass_changes_no_bit(
        batch in 1..20usize,
        windows in windows(2),
        (from, to) in (select(vec![1_usize, 3, 5, 16, 20]), prop_oneof![features(), Just(64)]),
        of_images in layout(),
        (side, step, padding) in (1..4usize, 1..4usize, 0..2usize),
        precision in select(Precision::ALL.to_vec()),
    ) {
        let shape = [batch, from, windows.size[0], windows.size[1]];
        let images = vector(shape.iter().product(), 1, &Device::flex()).reshape(shape);
        let images = of_images.of(images);
        let (conv, norm) = (convolution([from, to], &windows, false), normalisation(to));
        let biased = convolution([from, to], &windows, true);
        let [_, _, height, width] = conv.forward(images.clone()).dims();
        let padding = padding.min(side / 2);
        let side = side.min(height.min(width) + 2 * padding);
        let pool = nn::MaxPool2dConfig::new([side; 2])
            .with_strides([step; 2])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .init();
        let apart = [
            on(1, precision, || pool.forward(nn::conv_norm_relu(&conv, &norm, images.clone()))),
            on(1, precision, || pool.forward(nn::conv_relu(&biased, images.clone()))),
        ];
        for threads in [1, 2, 7] {
            let joined = [
                on(threads, precision, || {
                    nn::conv_norm_relu_pool(&conv, &norm, &pool, images.clone())
                }),
                on(threads, precision, || nn::conv_relu_pool(&biased, &pool, images.clone())),
            ];
            prop_assert!(joined == apart, "{threads} threads");
        }
    }
}

/// A pooling that is not for the kernels, and images of a training.
#[test]
fn what_cannot_be_pooled_in_the_same_pass_is_pooled_after_it() {
    let windows = Windows { size: [8, 8], kernel: [3, 3], stride: [1, 1], padding: [1; 4] };
    let (conv, norm) = (convolution([3, 20], &windows, true), normalisation(20));
    let folded = convolution([3, 20], &windows, false);
    let plain = vector(4 * 3 * 64, 1, &Device::flex()).reshape([4, 3, 8, 8]);
    let tracked = vector(4 * 3 * 64, 1, &Device::flex().autodiff()).reshape([4, 3, 8, 8]);
    let config = nn::MaxPool2dConfig::new([3, 3]).with_strides([2, 2]);
    for pool in [config.clone().with_ceil_mode(true), config.with_dilation([2, 2])] {
        let pool = pool.init();
        for images in [&plain, &tracked] {
            assert_eq!(
                bits(nn::conv_relu_pool(&conv, &pool, images.clone())),
                bits(pool.forward(nn::conv_relu(&conv, images.clone())))
            );
        }
        assert_eq!(
            bits(nn::conv_norm_relu_pool(&folded, &norm, &pool, plain.clone())),
            bits(pool.forward(nn::conv_norm_relu(&folded, &norm, plain.clone())))
        );
    }
}
