//! Every kernel on drawn shapes and layouts, beside Burn's own operation and beside plain loops in
//! double precision with their finite differences.

use burn::{
    nn as stock,
    tensor::{Tensor, activation},
};
use proptest::{prelude::*, sample::select};
use zoo_kernels::nn;

use crate::{
    attention_of_burn,
    exact::{assert_exact, features, layout, windows},
    leaf, reference,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn max_pool2d_is_exact(
        (batch, channels) in (1..4usize, features()),
        // A window that lies in the border alone has no largest pixel.
        windows in windows(1).prop_filter("a window in the border", |windows| {
            windows.kernel.iter().all(|size| *size > 1) || windows.padding == [0; 4]
        }),
        layout in layout(),
    ) {
        let images = [batch, channels, windows.size[0], windows.size[1]];
        let image = |inputs: &[Tensor<1>]| layout.of(inputs[0].clone().reshape(images));
        assert_exact(
            &format!("{images:?} {windows:?} {layout:?}"),
            &[images.iter().product()],
            |inputs| {
                let config = nn::MaxPool2dConfig::new(windows.kernel).with_strides(windows.stride);
                config.with_padding(windows.burn_padding()).init().forward(image(inputs))
            },
            |inputs| {
                let config =
                    stock::pool::MaxPool2dConfig::new(windows.kernel).with_strides(windows.stride);
                config.with_padding(windows.burn_padding()).init().forward(image(inputs))
            },
            |inputs| reference::max_pool2d(&inputs[0], &windows),
        );
    }

    #[test]
    fn batch_norm_is_exact(
        // A channel of one or two pixels has hardly any gradient.
        (batch, channels, [height, width]) in (1..5usize, features(), [2..6usize, 2..6]),
        fused_relu in any::<bool>(),
        layout in layout(),
    ) {
        let images = [batch, channels, height, width];
        let norm = |inputs: &[Tensor<1>]| {
            let mut layer = stock::BatchNormConfig::new(channels).init(&inputs[0].device());
            layer.gamma = leaf(inputs[1].clone());
            layer.beta = leaf(inputs[2].clone());
            layer
        };
        let image = |inputs: &[Tensor<1>]| layout.of(inputs[0].clone().reshape(images));
        assert_exact(
            &format!("{images:?} {fused_relu} {layout:?}"),
            &[images.iter().product(), channels, channels],
            |inputs| {
                let layer = nn::BatchNorm::from(norm(inputs));
                if fused_relu { layer.forward_relu(image(inputs)) } else { layer.forward(image(inputs)) }
            },
            |inputs| {
                let output = norm(inputs).forward(image(inputs));
                if fused_relu { activation::relu(output) } else { output }
            },
            |inputs| {
                let output = reference::batch_norm(inputs, height * width, 1e-5);
                output.into_iter().map(|x| if fused_relu { reference::relu(x) } else { x }).collect()
            },
        );
    }

    #[test]
    fn local_response_norm_is_exact(
        (batch, channels, [height, width]) in (1..4usize, features(), [1..5usize, 1..5]),
        (size, beta) in (1..8usize, select(vec![0.5, 0.75, 1.0])),
        layout in layout(),
    ) {
        let images = [batch, channels, height, width];
        let image = |inputs: &[Tensor<1>]| layout.of(inputs[0].clone().reshape(images));
        assert_exact(
            &format!("{images:?} {size} {beta} {layout:?}"),
            &[images.iter().product()],
            |inputs| {
                let config = nn::LocalResponseNormConfig::new(size).with_alpha(0.5).with_beta(beta);
                config.with_k(2.0).init().forward(image(inputs))
            },
            |inputs| {
                let config = stock::LocalResponseNormConfig::new(size).with_alpha(0.5).with_beta(beta);
                config.with_k(2.0).init().forward(image(inputs))
            },
            |inputs| {
                let sizes = [channels, height * width];
                reference::local_response_norm(&inputs[0], sizes, size, [0.5, beta, 2.0])
            },
        );
    }

    #[test]
    fn element_by_element_is_exact(shape in [1..4usize, 1..7, 1..9, 1..20], layout in layout()) {
        type Unary = (fn(Tensor<4>) -> Tensor<4>, fn(Tensor<4>) -> Tensor<4>, fn(f64) -> f64);
        let both: [Unary; 2] = [
            (nn::relu, activation::relu, reference::relu),
            (nn::gelu, activation::gelu, reference::gelu),
        ];
        for (ours, burns, exact) in both {
            // Wide enough for both tails of the distribution.
            let input = |inputs: &[Tensor<1>]| {
                layout.of(inputs[0].clone().mul_scalar(4.0).reshape(shape))
            };
            assert_exact(
                &format!("{shape:?} {layout:?}"),
                &[shape.iter().product()],
                |inputs| ours(input(inputs)),
                |inputs| burns(input(inputs)),
                |inputs| inputs[0].iter().map(|x| exact(4.0 * x)).collect(),
            );
        }
    }

    #[test]
    fn rows_are_exact((shape, width) in ([1..4usize, 1..9], 1..40usize), layout in layout()) {
        let rows = [shape[0], shape[1], width];
        let input = |inputs: &[Tensor<1>]| layout.of(inputs[0].clone().reshape(rows));
        let size = rows.iter().product();
        assert_exact(
            &format!("softmax {rows:?} {layout:?}"),
            &[size],
            |inputs| nn::softmax(input(inputs), 2),
            |inputs| activation::softmax(input(inputs), 2),
            |inputs| reference::softmax(&inputs[0], width),
        );
        let norm = |inputs: &[Tensor<1>]| {
            let mut layer = stock::LayerNormConfig::new(width).with_epsilon(1e-2).init(&inputs[0].device());
            layer.gamma = leaf(inputs[1].clone());
            layer.beta = Some(leaf(inputs[2].clone()));
            layer
        };
        assert_exact(
            &format!("layer norm {rows:?} {layout:?}"),
            &[size, width, width],
            |inputs| {
                let mut layer = nn::LayerNormConfig::new(width).with_epsilon(1e-2).init(&inputs[0].device());
                layer.gamma = leaf(inputs[1].clone());
                layer.beta = Some(leaf(inputs[2].clone()));
                layer.forward(input(inputs))
            },
            |inputs| norm(inputs).forward(input(inputs)),
            |inputs| reference::layer_norm(inputs, 1e-2),
        );
    }

    #[test]
    fn linear_is_exact(
        // Both kinds of products: few rows and many.
        (batch, rows) in (1..4usize, prop_oneof![1..16usize, 16..70usize]),
        (from, to) in (1..40usize, prop_oneof![1..20usize, 60..140usize]),
        (of_input, of_weight) in (layout(), layout()),
    ) {
        let layer = |inputs: &[Tensor<1>]| stock::Linear {
            weight: leaf(of_weight.of(inputs[1].clone().reshape([from, to]))),
            bias: Some(leaf(inputs[2].clone())),
        };
        let input = |inputs: &[Tensor<1>]| of_input.of(inputs[0].clone().reshape([batch, rows, from]));
        assert_exact(
            &format!("{batch} {rows} {from} {to} {of_input:?} {of_weight:?}"),
            &[batch * rows * from, from * to, to],
            |inputs| nn::Linear::from(layer(inputs)).forward(input(inputs)),
            |inputs| layer(inputs).forward(input(inputs)),
            reference::linear,
        );
    }

    #[test]
    fn attention_is_exact(
        (batch, heads) in (1..3usize, 1..4usize),
        (queries, keys) in (1..20usize, 1..20usize),
        (width, depth) in (1..20usize, 1..20usize),
        layouts in [layout(), layout(), layout()],
    ) {
        let shapes = [
            [batch, heads, queries, width],
            [batch, heads, keys, width],
            [batch, heads, keys, depth],
        ];
        let part = |inputs: &[Tensor<1>], index: usize| {
            layouts[index].of(inputs[index].clone().reshape(shapes[index]))
        };
        assert_exact(
            &format!("{shapes:?} {layouts:?}"),
            &shapes.map(|shape| shape.iter().product()),
            |inputs| nn::attention(part(inputs, 0), part(inputs, 1), part(inputs, 2)),
            |inputs| attention_of_burn(part(inputs, 0), part(inputs, 1), part(inputs, 2)),
            |inputs| reference::attention(inputs, batch * heads, width, depth),
        );
    }
}
