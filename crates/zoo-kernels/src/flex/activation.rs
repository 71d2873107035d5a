//! ReLU and GELU, element by element.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use pulp::Simd;
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    simd::{exp, kernel, map, mul_add, zip},
    tensor::{
        CHUNK, Flat, SMALL, into_dense, into_order_of, like, uninit, update, values, values_mut,
    },
};

/// max(0, x). Not a number stays so.
pub(crate) fn relu(input: Flat) -> Flat {
    update(into_dense(input), relu_in_place, relu_to)
}

kernel! {
    fn relu_in_place<S>(simd: S, values: &mut [f32]) {
        map(simd, values, #[inline(always)] |x| positive(simd, x));
    }
}

kernel! {
    fn relu_to<S>(simd: S, output: &mut [f32], input: &[f32]) {
        zip(simd, output, input, #[inline(always)] |_, x| positive(simd, x));
    }
}

#[inline(always)]
fn positive<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
}

/// [`relu`] with gradients.
pub(crate) fn relu_tracked<C: CheckpointStrategy>(input: Tracked) -> Tracked {
    let (input, node) = input.into_parts();
    differentiable::<C, _, _>(
        [node],
        || {
            let output = relu(input);
            (output.clone(), output)
        },
        |output, gradient, _| [Some(gradient_where(gradient, &output, mask_positive))],
    )
}

kernel! {
    /// Clears the gradient where the output is 0.
    pub(crate) fn mask_positive<S>(simd: S, gradient: &mut [f32], output: &[f32]) {
        let zero = simd.splat_f32s(0.0);
        zip(simd, gradient, output, #[inline(always)] |g, y| {
            simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, g)
        });
    }
}

/// x Φ(x), Φ with the error function, within 1e-6.
pub(crate) fn gelu(input: Flat) -> Flat {
    update(into_dense(input), gelu_in_place, gelu_to)
}

kernel! {
    pub(crate) fn gelu_in_place<S>(simd: S, values: &mut [f32]) {
        map(simd, values, #[inline(always)] |x| simd.mul_f32s(x, normal(simd, x).0));
    }
}

kernel! {
    fn gelu_to<S>(simd: S, output: &mut [f32], input: &[f32]) {
        zip(simd, output, input, #[inline(always)] |_, x| simd.mul_f32s(x, normal(simd, x).0));
    }
}

/// [`gelu`] with gradients.
pub(crate) fn gelu_tracked<C: CheckpointStrategy>(input: Tracked) -> Tracked {
    let (input, node) = input.into_parts();
    let input = into_dense(input);
    differentiable::<C, _, _>(
        [node],
        || (input.clone(), gelu(input)),
        |input, gradient, _| [Some(gradient_where(gradient, &input, scale_by_slope))],
    )
}

kernel! {
    /// Multiplies the gradient by Φ(x) + x φ(x).
    fn scale_by_slope<S>(simd: S, gradient: &mut [f32], input: &[f32]) {
        zip(simd, gradient, input, #[inline(always)] |g, x| {
            let (distribution, density) = normal(simd, x);
            simd.mul_f32s(g, mul_add(simd, x, density, distribution))
        });
    }
}

/// Distribution and density of the standard normal, Φ(x) and φ(x), by formula 7.1.26 of Abramowitz
/// and Stegun, which is within 1.5e-7 of the error function.
#[inline(always)]
fn normal<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let z = simd.mul_f32s(simd.abs_f32s(x), simd.splat_f32s(std::f32::consts::FRAC_1_SQRT_2));
    let bell = exp(simd, simd.neg_f32s(simd.mul_f32s(z, z)));
    let one = simd.splat_f32s(1.0);
    let t = simd.div_f32s(one, mul_add(simd, z, simd.splat_f32s(0.327_591_1), one));
    let mut sum = simd.splat_f32s(1.061_405_4);
    for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        sum = mul_add(simd, sum, t, simd.splat_f32s(coefficient));
    }
    let half = simd.mul_f32s(simd.splat_f32s(0.5), bell);
    let tail = simd.mul_f32s(simd.mul_f32s(sum, t), half);
    let below = simd.less_than_f32s(x, simd.splat_f32s(0.0));
    let distribution = simd.select_f32s(below, tail, simd.sub_f32s(one, tail));
    (distribution, simd.mul_f32s(bell, simd.splat_f32s(0.398_942_3)))
}

/// Applies `change` to the gradient and the values of `saved` beside it, in place where the
/// gradient is not shared.
pub(crate) fn gradient_where(
    gradient: Flat,
    saved: &Flat,
    change: impl Fn(&mut [f32], &[f32]) + Send + Sync,
) -> Flat {
    let mut gradient = into_order_of(gradient, saved);
    let saved_values = values(saved);
    if let Some(values) = values_mut(&mut gradient) {
        if values.len() <= SMALL {
            change(values, saved_values);
            return gradient;
        }
        values
            .par_chunks_mut(CHUNK)
            .zip(saved_values.par_chunks(CHUNK))
            .for_each(|(gradient, saved)| change(gradient, saved));
        return gradient;
    }
    let input = values(&gradient);
    // SAFETY: every chunk is written before it is changed.
    let mut output = unsafe { uninit(input.len()) };
    output
        .par_chunks_mut(CHUNK)
        .zip(input.par_chunks(CHUNK).zip(saved_values.par_chunks(CHUNK)))
        .for_each(|(output, (gradient, saved))| {
            output.copy_from_slice(gradient);
            change(output, saved);
        });
    like(output, &gradient)
}
