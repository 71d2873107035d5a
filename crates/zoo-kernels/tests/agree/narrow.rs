//! Products in bf16 beside plain loops in double precision on operands that are rounded to it. The gradient
//! that arrives is an operand, too, so differences of the outputs tell nothing of it.

use burn::{nn as stock, tensor::Tensor};
use proptest::prelude::*;
use zoo_kernels::{Precision, nn};

use crate::{
    Outcome, assert_same_bits, convolutions,
    exact::{features, layout, windows},
    leaf, numbers, outcome,
    reference::Windows,
};

/// The nearest number with 8 significant bits, halves to even.
fn round(x: f64) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    let unit = (x.abs().log2().floor() - 7.0).exp2();
    (x / unit).round_ties_even() * unit
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

fn rounded(values: &[f64]) -> Vec<f64> {
    values.iter().copied().map(round).collect()
}

/// The inputs that [`outcome`] gives to a function, and the gradient of its output.
pub(crate) fn inputs(sizes: &[usize], output: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let inputs = sizes.iter().zip(1..).map(|(size, seed)| wide(&numbers(*size, seed)));
    (inputs.collect(), wide(&numbers(output, 99)))
}

/// [`outcome`] of a forward pass in bf16, and a backward pass after its scope has been left.
pub(crate) fn narrow_outcome<const D: usize>(
    sizes: &[usize],
    function: impl Fn(&[Tensor<1>]) -> Tensor<D>,
) -> Outcome {
    outcome(sizes, |inputs| {
        let _scope = Precision::Bf16.enter();
        function(inputs)
    })
}

#[track_caller]
pub(crate) fn assert_all_near(found: &Outcome, output: &[f64], gradients: &[Vec<f64>], what: &str) {
    assert_mostly_near(found, output, gradients, (0.0, 0.0), what);
}

/// All but some of the values are within today's tolerances; those within `most`.
#[track_caller]
fn assert_mostly_near(
    found: &Outcome,
    output: &[f64],
    gradients: &[Vec<f64>],
    (some, most): (f64, f64),
    what: &str,
) {
    let all = std::iter::once((&found.output, output, 1e-5)).chain(
        found.gradients.iter().zip(gradients).map(|(found, exact)| (found, &exact[..], 1e-4)),
    );
    for (number, (found, expected, tolerance)) in all.enumerate() {
        assert_eq!(found.len(), expected.len(), "{what}, {number}");
        let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
        let off: Vec<f64> =
            found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs() / scale).collect();
        let worst = off.iter().copied().fold(0.0, f64::max);
        let apart = off.iter().filter(|off| off.is_nan() || **off > tolerance).count();
        let allowed = (some * found.len() as f64).ceil();
        assert!(
            apart as f64 <= allowed && worst <= tolerance.max(most),
            "{what}, {number}: {apart} of {} apart, the worst by {worst}",
            found.len()
        );
    }
}

/// `a` of `rows` by `depth` times `b` of `depth` by `columns`.
fn product(a: &[f64], b: &[f64], [rows, depth, columns]: [usize; 3]) -> Vec<f64> {
    let mut c = vec![0.0; rows * columns];
    for row in 0..rows {
        for k in 0..depth {
            for column in 0..columns {
                c[row * columns + column] += a[row * depth + k] * b[k * columns + column];
            }
        }
    }
    c
}

fn transposed(a: &[f64], rows: usize) -> Vec<f64> {
    let columns = a.len() / rows;
    (0..a.len()).map(|place| a[place % rows * columns + place / rows]).collect()
}

fn column_sums(a: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).map(|column| a.iter().skip(column).step_by(columns).sum()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn linear_layers_multiply_rounded_operands(
        rows in prop_oneof![1..20usize, 250..280usize],
        from in prop_oneof![1..40usize, 510..530usize],
        to in prop_oneof![1..20usize, 60..140usize],
        (of_input, of_weight) in (layout(), layout()),
    ) {
        let sizes = [rows * from, from * to, to];
        let found = narrow_outcome(&sizes, |inputs| {
            let layer = stock::Linear {
                weight: leaf(of_weight.of(inputs[1].clone().reshape([from, to]))),
                bias: Some(leaf(inputs[2].clone())),
            };
            nn::Linear::from(layer).forward(of_input.of(inputs[0].clone().reshape([rows, from])))
        });
        let (inputs, gradient) = inputs(&sizes, rows * to);
        let [x, w, g] = [&inputs[0], &inputs[1], &gradient].map(|operand| rounded(operand));
        let mut output = product(&x, &w, [rows, from, to]);
        output.iter_mut().zip(inputs[2].iter().cycle()).for_each(|(sum, bias)| *sum += bias);
        let gradients = [
            product(&g, &transposed(&w, from), [rows, to, from]),
            product(&transposed(&x, rows), &g, [from, rows, to]),
            column_sums(&gradient, to),
        ];
        assert_all_near(&found, &output, &gradients, &format!("{rows} {from} {to} {of_input:?} {of_weight:?}"));
    }

    #[test]
    fn convolutions_multiply_rounded_operands(
        batch in 1..10usize,
        windows in windows(2),
        (groups, from, to) in (1..4usize, 1..20usize, features()),
        (of_images, of_weights) in (layout(), layout()),
    ) {
        let channels = [groups * from, groups * to];
        let images = [batch, channels[0], windows.size[0], windows.size[1]];
        let weights = [channels[1], from, windows.kernel[0], windows.kernel[1]];
        let sizes = [images.iter().product(), weights.iter().product(), channels[1]];
        let found = narrow_outcome(&sizes, |inputs| {
            let weight = of_weights.of(inputs[1].clone().reshape(weights));
            let (padding, bias) = (windows.burn_padding(), Some(inputs[2].clone()));
            let (layer, _) =
                convolutions(channels, windows.kernel, windows.stride, groups, padding, weight, bias);
            layer.forward(of_images.of(inputs[0].clone().reshape(images)))
        });
        let (inputs, gradient) = inputs(&sizes, found.output.len());
        let (output, gradients) = convolution(&inputs, &gradient, batch, groups, channels, &windows);
        assert_all_near(&found, &output, &gradients, &format!("{images:?} {weights:?} {groups} {windows:?}"));
    }

    #[test]
    fn attention_multiplies_rounded_operands(
        tasks in 1..5usize,
        (queries, keys) in (1..20usize, 1..40usize),
        (width, depth) in (1..20usize, 1..20usize),
        layouts in [layout(), layout(), layout()],
    ) {
        let shapes = [[tasks, 1, queries, width], [tasks, 1, keys, width], [tasks, 1, keys, depth]];
        let sizes = shapes.map(|shape| shape.iter().product());
        let found = narrow_outcome(&sizes, |inputs| {
            let part = |index: usize| layouts[index].of(inputs[index].clone().reshape(shapes[index]));
            nn::attention(part(0), part(1), part(2))
        });
        let (inputs, gradient) = inputs(&sizes, tasks * queries * depth);
        let (mut output, mut gradients) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
        for task in 0..tasks {
            let part = |index: usize| {
                let size = sizes[index] / tasks;
                &inputs[index][task * size..(task + 1) * size]
            };
            let gradient = &gradient[task * queries * depth..(task + 1) * queries * depth];
            let (of_task, of_inputs) = attention([part(0), part(1), part(2)], gradient, [queries, keys, width, depth]);
            output.extend(of_task);
            gradients.iter_mut().zip(of_inputs).for_each(|(all, one)| all.extend(one));
        }
        // Weights and slopes are computed in f32 before they are operands: one that lies between two
        // numbers of bf16 may be rounded to the other.
        assert_mostly_near(&found, &output, &gradients, (0.2, 1e-2), &format!("{shapes:?} {layouts:?}"));
    }
}

/// Output and gradients of images, weights and bias.
pub(crate) fn convolution(
    inputs: &[Vec<f64>],
    gradient: &[f64],
    batch: usize,
    groups: usize,
    [from, to]: [usize; 2],
    windows: &Windows,
) -> (Vec<f64>, [Vec<f64>; 3]) {
    let [height, width] = windows.size;
    let [rows, columns] = windows.kernel;
    let [top, left, bottom, right] = windows.padding;
    let down = (height + top + bottom - rows) / windows.stride[0] + 1;
    let across = (width + left + right - columns) / windows.stride[1] + 1;
    let (x, w, g) = (rounded(&inputs[0]), rounded(&inputs[1]), rounded(gradient));
    let mut output = vec![0.0; batch * to * down * across];
    let mut gradients = [vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; to]];
    let group_channels = from / groups;
    for place in 0..output.len() {
        let (column, row) = (place % across, place / across % down);
        let (feature, image) = (place / across / down % to, place / across / down / to);
        output[place] += inputs[2][feature];
        gradients[2][feature] += gradient[place];
        for element in 0..group_channels * rows * columns {
            let (dx, dy) = (element % columns, element / columns % rows);
            let channel = element / columns / rows;
            let y = (row * windows.stride[0] + dy).wrapping_sub(top);
            let xx = (column * windows.stride[1] + dx).wrapping_sub(left);
            if y >= height || xx >= width {
                continue;
            }
            let channel = feature / (to / groups) * group_channels + channel;
            let pixel = ((image * from + channel) * height + y) * width + xx;
            let weight = feature * group_channels * rows * columns + element;
            output[place] += x[pixel] * w[weight];
            gradients[0][pixel] += g[place] * w[weight];
            gradients[1][weight] += g[place] * x[pixel];
        }
    }
    (output, gradients)
}

/// Output and gradients of queries, keys and values.
fn attention(
    inputs: [&[f64]; 3],
    gradient: &[f64],
    [queries, keys, width, depth]: [usize; 4],
) -> (Vec<f64>, [Vec<f64>; 3]) {
    let scale = 1.0 / (width as f64).sqrt();
    let [q, k, v] = inputs.map(rounded);
    let g = rounded(gradient);
    let scores = product(&q, &transposed(&k, keys), [queries, width, keys]);
    let mut weights = Vec::new();
    for row in scores.chunks(keys) {
        let powers: Vec<f64> = row.iter().map(|score| (score * scale).exp()).collect();
        let sum: f64 = powers.iter().sum();
        weights.extend(powers.iter().map(|power| power / sum));
    }
    let output = product(&rounded(&weights), &v, [queries, keys, depth]);
    let of_values = product(&transposed(&rounded(&weights), queries), &g, [keys, queries, depth]);
    let mut slopes = product(&g, &transposed(&v, keys), [queries, depth, keys]);
    for (slopes, weights) in slopes.chunks_mut(keys).zip(weights.chunks(keys)) {
        let mean: f64 = slopes.iter().zip(weights).map(|(slope, weight)| slope * weight).sum();
        slopes
            .iter_mut()
            .zip(weights)
            .for_each(|(slope, weight)| *slope = weight * (*slope - mean));
    }
    let slopes = rounded(&slopes);
    let scaled = |values: Vec<f64>| values.into_iter().map(|value| value * scale).collect();
    let of_queries = scaled(product(&slopes, &k, [queries, keys, width]));
    let of_keys = scaled(product(&transposed(&slopes, queries), &q, [keys, queries, width]));
    (output, [of_queries, of_keys, of_values])
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    assert_same_bits(&[20 * 16 * 100, 32 * 16 * 9, 32, 32 * 40], |inputs| {
        let _scope = Precision::Bf16.enter();
        let weight = inputs[1].clone().reshape([32, 16, 3, 3]);
        let padding = burn::nn::PaddingConfig2d::Explicit(1, 1, 1, 1);
        let bias = Some(inputs[2].clone());
        let (conv, _) = convolutions([16, 32], [3, 3], [1, 1], 1, padding, weight, bias);
        let images = conv.forward(inputs[0].clone().reshape([20, 16, 10, 10]));
        let tokens = images.reshape([20, 32, 100]).swap_dims(1, 2);
        let head = nn::Linear { weight: leaf(inputs[3].clone().reshape([32, 40])), bias: None };
        head.forward(tokens)
    });
    assert_same_bits(&[40 * 33 * 48, 48 * 144, 48 * 600], |inputs| {
        let _scope = Precision::Bf16.enter();
        let tokens = inputs[0].clone().reshape([40, 33, 48]);
        let joined = nn::Linear { weight: leaf(inputs[1].clone().reshape([48, 144])), bias: None };
        let tokens = nn::self_attention(joined.forward(tokens), 4);
        let classes = nn::Linear { weight: leaf(inputs[2].clone().reshape([48, 600])), bias: None };
        classes.forward(tokens.narrow(1, 0, 1))
    });
}
