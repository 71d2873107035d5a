//! Steps of optimizers, in place and in one pass over parameter, gradient and state.

use burn::{
    backend::{Flex, TensorMetadata},
    tensor::Tensor,
};
use rayon::prelude::*;

use super::{
    ops::primitive,
    simd::kernel,
    tensor::{CHUNK, Flat, into_row_major, row_major, values, values_mut},
};

/// Constants of a step of SGD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SgdStep {
    pub(crate) learning_rate: f32,
    pub(crate) momentum: f32,
    pub(crate) nesterov: bool,
    pub(crate) weight_decay: f32,
}

/// Constants of a step of AdamW.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamWStep {
    pub(crate) betas: [f32; 2],
    /// What the betas leave of 1, rounded after the subtraction.
    pub(crate) rests: [f32; 2],
    pub(crate) epsilon: f32,
    /// Factor of the parameter.
    pub(crate) keep: f32,
    /// Learning rate, corrected for the first moment's start at 0.
    pub(crate) rate: f32,
    /// Factor of the square root of the second moment, corrected likewise.
    pub(crate) second_correction: f32,
}

/// [`sgd`] on tensors.
///
/// # Panics
/// If one is not on Flex, or on an autodiff device.
pub(crate) fn sgd_step<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Option<Tensor<D>>,
    step: SgdStep,
) -> (Tensor<D>, Option<Tensor<D>>) {
    let (parameter, velocity) =
        sgd(primitive(parameter), primitive(gradient), velocity.map(primitive), step);
    (Tensor::from_primitive::<Flex>(parameter), velocity.map(Tensor::from_primitive::<Flex>))
}

/// [`adamw`] on tensors.
///
/// # Panics
/// If one is not on Flex, or on an autodiff device.
pub(crate) fn adamw_step<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<[Tensor<D>; 2]>,
    step: AdamWStep,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let moments = moments.map(|moments| moments.map(primitive));
    let (parameter, moments) = adamw(primitive(parameter), primitive(gradient), moments, step);
    (Tensor::from_primitive::<Flex>(parameter), moments.map(Tensor::from_primitive::<Flex>))
}

/// A row-major tensor that nothing else refers to; a copy only if it is not so already.
fn into_owned(tensor: Flat) -> Flat {
    let mut tensor = into_row_major(tensor);
    match values_mut(&mut tensor).is_some() {
        true => tensor,
        false => row_major(values(&tensor).to_vec(), tensor.shape()),
    }
}

/// The values of an owned tensor.
fn owned(tensor: &mut Flat) -> &mut [f32] {
    values_mut(tensor).expect("an owned tensor is not shared")
}

/// The next parameter and velocity. Without a velocity, the gradient is the first one; without
/// momentum there is none.
fn sgd(
    parameter: Flat,
    gradient: Flat,
    velocity: Option<Flat>,
    step: SgdStep,
) -> (Flat, Option<Flat>) {
    let mut parameter = into_owned(parameter);
    if step.momentum == 0.0 {
        let gradient = into_row_major(gradient);
        let parameters = owned(&mut parameter).par_chunks_mut(CHUNK);
        parameters
            .zip(values(&gradient).par_chunks(CHUNK))
            .for_each(|(parameter, gradient)| sgd_plain(parameter, gradient, &step));
        return (parameter, None);
    }
    let Some(velocity) = velocity else {
        let mut velocity = into_owned(gradient);
        let parameters = owned(&mut parameter).par_chunks_mut(CHUNK);
        parameters
            .zip(owned(&mut velocity).par_chunks_mut(CHUNK))
            .for_each(|(parameter, velocity)| sgd_first(parameter, velocity, &step));
        return (parameter, Some(velocity));
    };
    let (mut velocity, gradient) = (into_owned(velocity), into_row_major(gradient));
    let parameters = owned(&mut parameter).par_chunks_mut(CHUNK);
    parameters
        .zip(owned(&mut velocity).par_chunks_mut(CHUNK))
        .zip(values(&gradient).par_chunks(CHUNK))
        .for_each(|((parameter, velocity), gradient)| {
            sgd_next(parameter, velocity, gradient, &step)
        });
    (parameter, Some(velocity))
}

kernel! {
    fn sgd_plain<S>(_simd: S, parameter: &mut [f32], gradient: &[f32], step: &SgdStep) {
        for (p, g) in parameter.iter_mut().zip(gradient) {
            *p -= step.learning_rate * (g + step.weight_decay * *p);
        }
    }
}

kernel! {
    /// `velocity` comes in as the gradient.
    fn sgd_first<S>(_simd: S, parameter: &mut [f32], velocity: &mut [f32], step: &SgdStep) {
        let ahead = if step.nesterov { 1.0 + step.momentum } else { 1.0 };
        for (p, v) in parameter.iter_mut().zip(velocity) {
            *v += step.weight_decay * *p;
            *p -= step.learning_rate * (ahead * *v);
        }
    }
}

kernel! {
    fn sgd_next<S>(_simd: S, parameter: &mut [f32], velocity: &mut [f32], gradient: &[f32], step: &SgdStep) {
        // Nesterov's direction is g + momentum * v; the plain one is v.
        let (of_gradient, of_velocity) = if step.nesterov { (1.0, step.momentum) } else { (0.0, 1.0) };
        for ((p, v), g) in parameter.iter_mut().zip(velocity).zip(gradient) {
            let g = g + step.weight_decay * *p;
            *v = step.momentum * *v + g;
            *p -= step.learning_rate * (of_gradient * g + of_velocity * *v);
        }
    }
}

/// The next parameter and the next moments.
fn adamw(
    parameter: Flat,
    gradient: Flat,
    moments: Option<[Flat; 2]>,
    step: AdamWStep,
) -> (Flat, [Flat; 2]) {
    let (mut parameter, gradient) = (into_owned(parameter), into_row_major(gradient));
    let [mut first, mut second] = match moments {
        Some(moments) => moments.map(into_owned),
        None => [0, 1].map(|_| row_major(vec![0.0; values(&gradient).len()], gradient.shape())),
    };
    let parameters = owned(&mut parameter).par_chunks_mut(CHUNK);
    parameters
        .zip(owned(&mut first).par_chunks_mut(CHUNK))
        .zip(owned(&mut second).par_chunks_mut(CHUNK))
        .zip(values(&gradient).par_chunks(CHUNK))
        .for_each(|(((parameter, first), second), gradient)| {
            adamw_chunk(parameter, first, second, gradient, &step);
        });
    (parameter, [first, second])
}

kernel! {
    fn adamw_chunk<S>(
        _simd: S,
        parameter: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
        step: &AdamWStep,
    ) {
        let ([beta_1, beta_2], [rest_1, rest_2]) = (step.betas, step.rests);
        for (((p, m), v), g) in parameter.iter_mut().zip(first).zip(second).zip(gradient) {
            *m = beta_1 * *m + rest_1 * g;
            *v = beta_2 * *v + rest_2 * (g * g);
            let scale = v.sqrt() * step.second_correction + step.epsilon;
            *p = *p * step.keep - step.rate * (*m / scale);
        }
    }
}
