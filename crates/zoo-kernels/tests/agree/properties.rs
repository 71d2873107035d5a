//! Every kernel on drawn shapes and layouts, beside Burn's own operation and beside plain loops in
//! double precision with their finite differences.

use burn::nn::{self as stock, PaddingConfig2d};
use burn::tensor::{Tensor, activation};
use proptest::prelude::*;
use proptest::sample::select;
use zoo_kernels::nn;

use crate::reference::{self, Windows};
use crate::{assert_agree, attention_of_burn, leaf, numbers};

/// Elements of an input by which the reference is differentiated.
const PROBES: usize = 20;

/// Compares `ours` with `burns`, then both output and gradients with those of `exact`.
pub(crate) fn assert_exact<const D: usize>(
    what: &str,
    sizes: &[usize],
    ours: impl Fn(&[Tensor<1>]) -> Tensor<D>,
    burns: impl Fn(&[Tensor<1>]) -> Tensor<D>,
    exact: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let found = assert_agree(what, sizes, ours, burns);
    let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
    let inputs: Vec<Vec<f64>> =
        sizes.iter().zip(1..).map(|(size, seed)| wide(numbers(*size, seed))).collect();
    let expected = exact(&inputs);
    let weights = wide(numbers(expected.len(), 99));
    assert_close(&wide(found.output), &expected, 1e-5, what);
    let loss = |inputs: &[Vec<f64>]| -> f64 {
        exact(inputs).iter().zip(&weights).map(|(output, weight)| output * weight).sum()
    };
    for (number, gradient) in found.gradients.into_iter().enumerate() {
        let probes = (0..sizes[number]).step_by(sizes[number].div_ceil(PROBES));
        let slope = |element: usize| {
            let mut inputs = inputs.clone();
            let mut loss_at = |value: f64| {
                inputs[number][element] = value;
                loss(&inputs)
            };
            let (x, step) = (f64::from(numbers(sizes[number], number as u32 + 1)[element]), 1e-6);
            (loss_at(x + step) - loss_at(x - step)) / (2.0 * step)
        };
        let expected: Vec<f64> = probes.clone().map(slope).collect();
        let found: Vec<f64> = probes.map(|element| f64::from(gradient[element])).collect();
        assert_close(&found, &expected, 1e-4, &format!("{what}, differences {number}"));
    }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = (found - expected).abs() <= tolerance * scale;
        assert!(near, "{what}, element {index}: {found} instead of {expected}");
    }
}

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    Dense,
    /// Part of a tensor with longer rows.
    Sliced,
    /// The second dimension is innermost.
    ChannelsLast,
    /// The first dimension is innermost.
    Transposed,
}

pub(crate) fn layout() -> impl Strategy<Value = Layout> {
    select(vec![Layout::Dense, Layout::Sliced, Layout::ChannelsLast, Layout::Transposed])
}

impl Layout {
    /// A tensor equal to `tensor` in this layout.
    pub(crate) fn of<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        let innermost = match self {
            Self::Dense => return tensor,
            Self::Sliced => {
                let width = tensor.dims()[D - 1];
                return Tensor::cat(vec![tensor.clone(), tensor], D - 1).narrow(
                    D - 1,
                    width,
                    width,
                );
            }
            Self::ChannelsLast => 1,
            Self::Transposed => 0,
        };
        let mut order: Vec<usize> = (0..D).filter(|dim| *dim != innermost).collect();
        order.push(innermost);
        let mut back = [0; D];
        order.iter().enumerate().for_each(|(place, dim)| back[*dim] = place as isize);
        let order: [isize; D] = std::array::from_fn(|place| order[place] as isize);
        let moved = tensor.permute(order);
        let length = moved.dims()[0];
        // Joining writes a new tensor in the moved order.
        Tensor::cat(vec![moved.clone(), moved], 0).narrow(0, length, length).permute(back)
    }
}

/// Windows that fit their images, which may be smaller than the kernel before they are padded.
pub(crate) fn windows(padding: usize) -> impl Strategy<Value = Windows> {
    (
        [1..10usize, 1..10],
        [1..5usize, 1..5],
        [1..4usize, 1..4],
        [0..=padding, 0..=padding, 0..=padding, 0..=padding],
    )
        .prop_map(|(size, kernel, stride, padding)| {
            let fit =
                |axis: usize| kernel[axis].min(size[axis] + padding[axis] + padding[axis + 2]);
            Windows { size, kernel: [fit(0), fit(1)], stride, padding }
        })
}

impl Windows {
    pub(crate) fn burn_padding(&self) -> PaddingConfig2d {
        let [top, left, bottom, right] = self.padding;
        PaddingConfig2d::Explicit(top, left, bottom, right)
    }
}

/// Few features, or so many that they fill more than one vector.
pub(crate) fn features() -> impl Strategy<Value = usize> {
    prop_oneof![1..6usize, 14..40usize]
}

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
