//! Two-dimensional convolution, forward and backward, without an unfolded copy of the images.
//!
//! Everything inside is channels-last.

mod direct;
mod geometry;
mod output;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod winograd;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;

use super::{
    autodiff::{Tracked, differentiable},
    bf16::Products,
    epilogue::Epilogue,
    kept::{Packing, forget},
    pool::PoolShape,
    reduce::column_sums,
    tensor::{Flat, dims, into_channels_last, into_dense, into_row_major, row_major, values},
};
use crate::Precision;
pub(crate) use geometry::ConvShape;
use geometry::Geometry;
use output::After;

/// Cross-correlates images `[batch, channels, height, width]` with weights
/// `[features, channels / groups, rows, columns]` and adds the bias. The output is channels-last.
pub(crate) fn forward(
    input: Flat,
    weight: Flat,
    bias: Flat,
    shape: ConvShape,
    precision: Precision,
) -> Flat {
    with_bias([input, weight, bias], shape, (false, None), (precision, Packing::Kept))
}

/// The ReLU of [`forward`], pooled if `pool` says so.
pub(crate) fn forward_relu(
    operands: [Flat; 3],
    (shape, pool): (ConvShape, Option<PoolShape>),
    precision: Precision,
) -> Flat {
    with_bias(operands, shape, (true, pool), (precision, Packing::Kept))
}

fn with_bias(
    [input, weight, bias]: [Flat; 3],
    shape: ConvShape,
    (relu, pool): (bool, Option<PoolShape>),
    way: (Precision, Packing),
) -> Flat {
    let geometry = Geometry::new(dims(&input), dims(&weight), shape);
    let bias = into_row_major(bias);
    // A layer without bias has one of zeros.
    let is_biased = values(&bias).iter().any(|value| *value != 0.0);
    let epilogue = (relu || is_biased).then(|| Epilogue { relu, ..Epilogue::bias(values(&bias)) });
    run(&geometry, [input, weight], After { epilogue, pool }, way)
}

/// [`forward`] without bias, but each feature by a factor and with an addend, one after the other in
/// `coefficients`, then plus a shortcut, cut off below 0 and pooled.
pub(crate) fn forward_scaled(
    input: Flat,
    weight: Flat,
    coefficients: &[f32],
    (shape, precision): (ConvShape, Precision),
    (shortcut, relu, pool): (Option<Flat>, bool, Option<PoolShape>),
) -> Flat {
    let geometry = Geometry::new(dims(&input), dims(&weight), shape);
    let [height, width] = geometry.output;
    let (factors, addends) = coefficients.split_at(geometry.features);
    let shortcut = shortcut.map(into_channels_last);
    if let Some(shortcut) = &shortcut {
        let output = [geometry.batch, geometry.features, height, width];
        assert_eq!(dims(shortcut), output, "the shortcut has another shape than the convolution");
    }
    let shortcut = shortcut.as_ref().map(values);
    let epilogue = Some(Epilogue { factors: Some(factors), addends, shortcut, relu });
    run(&geometry, [input, weight], After { epilogue, pool }, (precision, Packing::Kept))
}

fn run(
    geometry: &Geometry,
    operands: [Flat; 2],
    after: After<'_>,
    (precision, packing): (Precision, Packing),
) -> Flat {
    let products = Products::of(precision);
    let [input, weight] = operands.map(|operand| products.operand(operand));
    match products {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => pairs::forward(unit, geometry, input, weight, (after, packing)),
        _ if winograd::applies(geometry) => {
            winograd::forward(geometry, input, weight, after, packing)
        }
        _ => direct::forward(geometry, input, weight, after, packing),
    }
}

/// The gradient with respect to the images, from channels-last `gradient`. The result is
/// channels-last, too.
fn input_gradient(products: Products, geometry: &Geometry, weight: Flat, gradient: &Flat) -> Flat {
    match products {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => pairs::input_gradient(unit, geometry, weight, gradient),
        _ if winograd::applies(geometry) => winograd::input_gradient(geometry, weight, gradient),
        _ => direct::input_gradient(geometry, weight, gradient),
    }
}

/// The gradient with respect to the weights, from dense `input` and channels-last `gradient`.
fn weight_gradient(products: Products, geometry: &Geometry, input: Flat, gradient: &Flat) -> Flat {
    match products {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => pairs::weight_gradient(unit, geometry, &input, gradient),
        _ if winograd::applies(geometry) => winograd::weight_gradient(geometry, input, gradient),
        _ => direct::weight_gradient(geometry, &input, gradient),
    }
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    weight: Tracked,
    bias: Tracked,
    shape: ConvShape,
    precision: Precision,
) -> Tracked {
    let (input, input_node) = input.into_parts();
    let (weight, weight_node) = weight.into_parts();
    let (bias, bias_node) = bias.into_parts();
    let input = into_dense(input);
    differentiable::<C, _, _>(
        [input_node, weight_node, bias_node],
        || {
            forget();
            let state = (input.clone(), weight.clone(), (shape, precision));
            let way = (precision, Packing::Once);
            (state, with_bias([input, weight, bias], shape, (false, None), way))
        },
        |(input, weight, (shape, precision)), gradient, [wants_input, wants_weight, wants_bias]| {
            let geometry = Geometry::new(dims(&input), dims(&weight), shape);
            let gradient = into_channels_last(gradient);
            let features = geometry.features;
            let bias =
                wants_bias.then(|| row_major(column_sums(values(&gradient), features), [features]));
            let products = Products::of(precision);
            let [input, weight, gradient] =
                [input, weight, gradient].map(|operand| products.operand(operand));
            [
                wants_input.then(|| input_gradient(products, &geometry, weight, &gradient)),
                wants_weight.then(|| weight_gradient(products, &geometry, input, &gradient)),
                bias,
            ]
        },
    )
}
