//! Two-dimensional convolution, forward and backward, without an unfolded copy of the images.
//!
//! Everything inside is channels-last. Each product reads windows of a padded image in place, so
//! that the only copies are that of the image into its border of zeros and that of the weights into
//! panels as wide as the vector registers.

mod forward;
mod geometry;
mod images;
mod input_gradient;
mod weight_gradient;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;

use super::autodiff::{Tracked, differentiable};
use super::reduce::column_sums;
use super::tensor::{dims, into_channels_last, into_dense, row_major, values};
pub(crate) use forward::forward;
pub(crate) use geometry::ConvShape;
use geometry::Geometry;
use input_gradient::input_gradient;
use weight_gradient::weight_gradient;

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    weight: Tracked,
    bias: Tracked,
    shape: ConvShape,
) -> Tracked {
    let (input, input_node) = input.into_parts();
    let (weight, weight_node) = weight.into_parts();
    let (bias, bias_node) = bias.into_parts();
    let input = into_dense(input);
    differentiable::<C, _, _>(
        [input_node, weight_node, bias_node],
        || {
            let state = (input.clone(), weight.clone(), shape);
            (state, forward(input, weight, bias, shape))
        },
        |(input, weight, shape), gradient, [wants_input, wants_weight, wants_bias]| {
            let geometry = Geometry::new(dims(&input), dims(&weight), shape);
            let gradient = into_channels_last(gradient);
            let features = geometry.features;
            [
                wants_input.then(|| input_gradient(&geometry, weight, &gradient)),
                wants_weight.then(|| weight_gradient(&geometry, &input, &gradient)),
                wants_bias.then(|| row_major(column_sums(values(&gradient), features), [features])),
            ]
        },
    )
}
