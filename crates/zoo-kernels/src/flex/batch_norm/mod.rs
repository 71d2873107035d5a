//! Batch normalisation of `[batch, channels]` or channels-last images, with or without the ReLU
//! behind it.

mod infer;
mod rows;

use burn::backend::{
    AutodiffBackend, TensorMetadata, autodiff::checkpoint::strategy::CheckpointStrategy,
};
use rayon::prelude::*;

use super::{
    activation::{gradient_where, mask_positive},
    autodiff::{Tracked, differentiable},
    reduce::add_parts,
    tensor::{
        CHUNK, Flat, into_channels_last, into_row_major, like, row_major, uninit, values,
        values_mut,
    },
};
pub(crate) use infer::{given, infer};
use rows::{Terms, apply_add_to, apply_to, combine, gradient_sums, moments};

type Tracking = burn::backend::Autodiff<burn::backend::Flex>;

/// The input with its channels innermost.
fn into_rows(input: Flat) -> Flat {
    match input.shape().num_dims() {
        4 => into_channels_last(input),
        _ => into_row_major(input),
    }
}

/// Floats of whole rows that one task handles.
fn chunk(channels: usize) -> usize {
    (CHUNK / channels).max(1) * channels
}

/// Mean and variance (of the batch, divided by the count) of each channel.
#[derive(Clone, Debug)]
struct Statistics {
    mean: Vec<f32>,
    variance: Vec<f32>,
}

impl Statistics {
    /// Each chunk goes through the cache once, for its own mean and the squares about it; the
    /// chunks are then joined after Chan, Golub and LeVeque in double precision, always in the
    /// same order.
    fn of(rows: &[f32], channels: usize) -> Self {
        let parts: Vec<(usize, Vec<f32>)> = rows
            .par_chunks(chunk(channels))
            .map(|rows| {
                let mut sums = vec![0.0; 2 * channels];
                moments(rows, &mut sums);
                (rows.len() / channels, sums)
            })
            .collect();
        let total = (rows.len() / channels) as f64;
        let mut statistics = Self { mean: vec![0.0; channels], variance: vec![0.0; channels] };
        for channel in 0..channels {
            let weighted =
                |(count, sums): &(usize, Vec<f32>)| *count as f64 * f64::from(sums[channel]);
            let mean = parts.iter().map(weighted).sum::<f64>() / total;
            let squares: f64 = parts
                .iter()
                .map(|(count, sums)| {
                    let distance = f64::from(sums[channel]) - mean;
                    f64::from(sums[channels + channel]) + *count as f64 * distance * distance
                })
                .sum();
            statistics.mean[channel] = mean as f32;
            statistics.variance[channel] = (squares / total) as f32;
        }
        statistics
    }
}

/// Factor and addend of each channel, one after the other.
fn coefficients(statistics: &Statistics, gamma: &Flat, beta: &Flat, epsilon: f64) -> Vec<f32> {
    let (gamma, beta) = (into_row_major(gamma.clone()), into_row_major(beta.clone()));
    let scale = |variance: &f32| 1.0 / (variance + epsilon as f32).sqrt();
    let mut coefficients: Vec<f32> = (values(&gamma).iter().zip(&statistics.variance))
        .map(|(gamma, variance)| gamma * scale(variance))
        .collect();
    let addends: Vec<f32> = (values(&beta).iter().zip(&statistics.mean).zip(&coefficients))
        .map(|((beta, mean), factor)| beta - mean * factor)
        .collect();
    coefficients.extend(addends);
    coefficients
}

fn scaled(input: &Flat, coefficients: &[f32], chunk: usize, relu: bool) -> Flat {
    let rows = values(input);
    // SAFETY: `apply_to` writes every row.
    let mut output = unsafe { uninit(rows.len()) };
    output
        .par_chunks_mut(chunk)
        .zip(rows.par_chunks(chunk))
        .for_each(|(output, rows)| apply_to(output, rows, coefficients, relu));
    like(output, input)
}

fn added(input: &Flat, shortcut: &Flat, coefficients: &[f32], chunk: usize) -> Flat {
    assert_eq!(input.shape(), shortcut.shape(), "the shortcut has another shape than the input");
    let rows = values(input);
    // SAFETY: `apply_add_to` writes every row.
    let mut output = unsafe { uninit(rows.len()) };
    output
        .par_chunks_mut(chunk)
        .zip(rows.par_chunks(chunk).zip(values(shortcut).par_chunks(chunk)))
        .for_each(|(output, (rows, shortcut))| apply_add_to(output, rows, shortcut, coefficients));
    like(output, input)
}

/// Normalises by the batch's own statistics; also returns these, mean and variance.
pub(crate) fn train(
    input: Flat,
    gamma: Flat,
    beta: Flat,
    epsilon: f64,
    relu: bool,
) -> (Flat, Flat, Flat) {
    with_statistics(run(input, None, gamma, beta, epsilon, relu))
}

/// ReLU of `shortcut` plus what [`train`] makes of `input`.
pub(crate) fn train_add_relu(
    input: Flat,
    shortcut: Flat,
    gamma: Flat,
    beta: Flat,
    epsilon: f64,
) -> (Flat, Flat, Flat) {
    with_statistics(run(input, Some(shortcut), gamma, beta, epsilon, false))
}

fn with_statistics((output, state): (Flat, State)) -> (Flat, Flat, Flat) {
    let (mean, variance) = state.statistics();
    (output, mean, variance)
}

/// A shortcut is added, and the ReLU of the sum taken; the ReLU of a sum is not the state's `relu`.
fn run(
    input: Flat,
    shortcut: Option<Flat>,
    gamma: Flat,
    beta: Flat,
    epsilon: f64,
    relu: bool,
) -> (Flat, State) {
    let input = into_rows(input);
    let channels = gamma.shape().num_elements();
    let statistics = Statistics::of(values(&input), channels);
    let coefficients = coefficients(&statistics, &gamma, &beta, epsilon);
    let chunk = chunk(channels);
    let output = match shortcut {
        Some(shortcut) => added(&input, &into_rows(shortcut), &coefficients, chunk),
        None => scaled(&input, &coefficients, chunk, relu),
    };
    let state = State { input, statistics, coefficients, epsilon: epsilon as f32, relu };
    (output, state)
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    input: Flat,
    statistics: Statistics,
    coefficients: Vec<f32>,
    epsilon: f32,
    relu: bool,
}

/// [`train`] with gradients; the statistics have none.
pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked,
    gamma: Tracked,
    beta: Tracked,
    epsilon: f64,
    relu: bool,
) -> (Tracked, Tracked, Tracked) {
    let (input, input_node) = input.into_parts();
    let (gamma, gamma_node) = gamma.into_parts();
    let (beta, beta_node) = beta.into_parts();
    let (output, state) = run(input, None, gamma, beta, epsilon, relu);
    let (mean, variance) = state.statistics();
    let output = differentiable::<C, _, _>(
        [input_node, gamma_node, beta_node],
        || (state, output),
        |state, gradient, _| state.backward(gradient).map(Some),
    );
    (output, Tracking::from_inner(mean), Tracking::from_inner(variance))
}

/// [`train_add_relu`] with gradients; the statistics have none.
pub(crate) fn tracked_add_relu<C: CheckpointStrategy>(
    input: Tracked,
    shortcut: Tracked,
    gamma: Tracked,
    beta: Tracked,
    epsilon: f64,
) -> (Tracked, Tracked, Tracked) {
    let (input, input_node) = input.into_parts();
    let (shortcut, shortcut_node) = shortcut.into_parts();
    let (gamma, gamma_node) = gamma.into_parts();
    let (beta, beta_node) = beta.into_parts();
    let (output, state) = run(input, Some(shortcut), gamma, beta, epsilon, false);
    let (mean, variance) = state.statistics();
    let output = differentiable::<C, _, _>(
        [input_node, shortcut_node, gamma_node, beta_node],
        || ((state, output.clone()), output),
        |(state, output), gradient, _| {
            let passed = gradient_where(gradient, &output, mask_positive);
            let [input, gamma, beta] = state.backward(passed.clone());
            [input, passed, gamma, beta].map(Some)
        },
    );
    (output, Tracking::from_inner(mean), Tracking::from_inner(variance))
}

impl State {
    fn statistics(&self) -> (Flat, Flat) {
        let Statistics { mean, variance } = &self.statistics;
        let channels = [mean.len()];
        (row_major(mean.clone(), channels), row_major(variance.clone(), channels))
    }

    /// The gradients of input, gamma and beta.
    fn backward(self, gradient: Flat) -> [Flat; 3] {
        let gradient = into_rows(gradient);
        let channels = self.statistics.mean.len();
        let chunk = chunk(channels);
        let input = values(&self.input);
        let centre: Vec<f32> =
            (self.statistics.mean.iter()).chain(&self.coefficients).copied().collect();
        let parts: Vec<Vec<f32>> = input
            .par_chunks(chunk)
            .zip(values(&gradient).par_chunks(chunk))
            .map(|(input, gradient)| {
                let mut sums = vec![0.0; 2 * channels];
                gradient_sums(input, gradient, &centre, self.relu, &mut sums);
                sums
            })
            .collect();
        let sums = add_parts(parts);
        let (beta_gradient, products) = sums.split_at(channels);
        let count = (input.len() / channels) as f32;
        let mut gamma_gradient = Vec::with_capacity(channels);
        // dx = factor * g + slope * x + level for each channel.
        let (mut slopes, mut levels) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
        for channel in 0..channels {
            let scale = 1.0 / (self.statistics.variance[channel] + self.epsilon).sqrt();
            let factor = self.coefficients[channel];
            let product = products[channel] * scale;
            let slope = -factor * scale * product / count;
            gamma_gradient.push(product);
            slopes.push(slope);
            levels.push(
                -factor * beta_gradient[channel] / count - slope * self.statistics.mean[channel],
            );
        }
        let terms = Terms { coefficients: &self.coefficients, slopes: &slopes, levels: &levels };
        let beta_gradient = row_major(beta_gradient.to_vec(), [channels]);
        let gradient = input_gradient(gradient, input, chunk, terms, self.relu);
        [gradient, row_major(gamma_gradient, [channels]), beta_gradient]
    }
}

/// Turns the gradient of the output into that of the input, in place if it is not shared.
fn input_gradient(
    mut gradient: Flat,
    input: &[f32],
    chunk: usize,
    terms: Terms<'_>,
    relu: bool,
) -> Flat {
    if let Some(values) = values_mut(&mut gradient) {
        values
            .par_chunks_mut(chunk)
            .zip(input.par_chunks(chunk))
            .for_each(|(gradient, input)| combine(gradient, input, terms, relu));
        return gradient;
    }
    let shared = values(&gradient);
    // SAFETY: every chunk is written before it is changed.
    let mut output = unsafe { uninit(shared.len()) };
    output
        .par_chunks_mut(chunk)
        .zip(shared.par_chunks(chunk).zip(input.par_chunks(chunk)))
        .for_each(|(output, (gradient, input))| {
            output.copy_from_slice(gradient);
            combine(output, input, terms, relu);
        });
    like(output, &gradient)
}
