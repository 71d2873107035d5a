//! Convolution at stride 1 by Winograd's minimal filtering, after Lavin and Gray
//! (<https://arxiv.org/abs/1509.09308>): with a kernel of 3 x 3, a tile of 2 x 2 outputs takes 16
//! multiplications instead of 36 for each pair of a channel and a feature.
//!
//! A larger kernel is cut into blocks of 3 x 3, the last filled up with zeros, which see the image
//! at different places: it is a 3 x 3 kernel of as many times the channels.
//!
//! Images and weights are transformed so that every tile becomes 4 x 4 positions. At each position
//! the transformed tiles (tiles by channels) are multiplied with the transformed weights (channels
//! by features); the products are transformed back. The gradient with respect to the images is a
//! convolution of the same kind, that with respect to the weights transposes every step.
//!
//! Sums have other terms than those of the direct convolution, so that results differ from it in
//! the last bits. Larger tiles would save more and lose too many of these bits.

mod convolve;
mod correlation;
mod matrices;
mod transforms;
mod weight_gradient;
mod weights;

use super::{geometry::Geometry, output::After};
use crate::flex::{
    kept::{Form, Packing},
    tensor::{Flat, into_channels_last, into_row_major, values},
};
use correlation::{Correlation, POSITIONS, TILE, blocks};
use weights::{Turn, Weights};

pub(super) use weight_gradient::weight_gradient;

/// Times fewer multiplications that the transforms are worth.
const GAIN: f64 = 1.25;

/// Fewest channels and features that are worth the transforms.
const FEWEST: usize = 16;

/// Whether a convolution is done this way: decided by the shape of one image, so that its results
/// do not depend on how many others are with it.
pub(super) fn applies(geometry: &Geometry) -> bool {
    let Geometry { kernel, output, shape, .. } = *geometry;
    let possible = shape.stride == [1, 1]
        && shape.groups == 1
        && (0..2).all(|axis| shape.padding[axis].0 < kernel[axis]);
    // A tile at the edge computes unused outputs, a block at the edge reads zeros.
    let tiles = output.map(|side| side.div_ceil(TILE)).iter().product::<usize>();
    let multiplications = POSITIONS * tiles * blocks(kernel).iter().product::<usize>();
    let direct = [output, kernel].as_flattened().iter().product::<usize>();
    possible
        && geometry.channels.min(geometry.features) >= FEWEST
        && GAIN * multiplications as f64 <= direct as f64
}

/// The convolution of `geometry`; the output is channels-last.
pub(super) fn forward(
    geometry: &Geometry,
    input: Flat,
    weight: Flat,
    after: After<'_>,
    packing: Packing,
) -> Flat {
    let (input, weight) = (into_channels_last(input), into_row_major(weight));
    let correlation = Correlation::of_input(geometry);
    let rows = correlation.batch * correlation.tiles_of_an_image();
    let weights = packing.of(&weight, Form::Winograd, rows, || {
        Weights::new(geometry, values(&weight), Turn::None).by_channel()
    });
    convolve::convolve(&correlation, values(&input), &weights, after)
}

/// The gradient with respect to the images, from `gradient`, which is channels-last like the
/// result.
pub(super) fn input_gradient(geometry: &Geometry, weight: Flat, gradient: &Flat) -> Flat {
    let weight = into_row_major(weight);
    let weights = Weights::new(geometry, values(&weight), Turn::Half);
    let correlation = Correlation::of_gradient(geometry);
    convolve::convolve(&correlation, values(gradient), &weights.by_feature(), After::default())
}
