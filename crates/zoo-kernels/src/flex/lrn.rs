//! Local response normalisation across the channels of channels-last images.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use rayon::prelude::*;

use super::{
    autodiff::{Tracked, differentiable},
    scratch::with_scratch,
    simd::kernel,
    tensor::{CHUNK, Flat, dims, into_channels_last, like, uninit, values},
};

/// Constants of x / (k + alpha / size * sum of x² over `size` channels)^beta.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    pub(crate) size: usize,
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
    pub(crate) k: f32,
}

/// Normalises every pixel.
pub(crate) fn forward(input: Flat, response: Response) -> Flat {
    let input = into_channels_last(input);
    let [_, channels, _, _] = dims(&input);
    let chunk = (CHUNK / channels).max(1) * channels;
    // SAFETY: every pixel is written.
    let mut output = unsafe { uninit(values(&input).len()) };
    output.par_chunks_mut(chunk).zip(values(&input).par_chunks(chunk)).for_each(
        |(output, input)| {
            with_scratch(response.scratch(channels), |scratch| {
                normalise(&response, input, scratch, output, channels);
            });
        },
    );
    like(output, &input)
}

/// [`forward`] with gradients.
pub(crate) fn tracked<C: CheckpointStrategy>(input: Tracked, response: Response) -> Tracked {
    let (input, node) = input.into_parts();
    let input = into_channels_last(input);
    differentiable::<C, _, _>(
        [node],
        || ((input.clone(), response), forward(input, response)),
        |(input, response), gradient, _| {
            let gradient = into_channels_last(gradient);
            let [_, channels, _, _] = dims(&input);
            let chunk = (CHUNK / channels).max(1) * channels;
            // SAFETY: every pixel is written.
            let mut output = unsafe { uninit(values(&input).len()) };
            output
                .par_chunks_mut(chunk)
                .zip(values(&input).par_chunks(chunk))
                .zip(values(&gradient).par_chunks(chunk))
                .for_each(|((output, input), gradient)| {
                    with_scratch(response.scratch(channels), |scratch| {
                        differentiate(&response, input, gradient, scratch, output, channels);
                    });
                });
            [Some(like(output, &input))]
        },
    )
}

impl Response {
    /// Floats of a row with its border, and of two rows without.
    fn scratch(&self, channels: usize) -> usize {
        channels + self.size - 1 + 2 * channels
    }

    /// Writes to `sums` the sum of each window of `size` elements of `row`.
    #[inline(always)]
    fn windows(&self, row: &[f32], sums: &mut [f32]) {
        sums.copy_from_slice(&row[..sums.len()]);
        for shift in 1..self.size {
            let count = sums.len();
            for (sum, value) in sums.iter_mut().zip(&row[shift..][..count]) {
                *sum += value;
            }
        }
    }

    /// Turns sums of squares into what the channels are divided by before it is raised to `beta`.
    #[inline(always)]
    fn bases(&self, input: &[f32], bordered: &mut [f32], bases: &mut [f32]) {
        let before = (self.size - 1) / 2;
        bordered.fill(0.0);
        for (square, x) in bordered[before..].iter_mut().zip(input) {
            *square = x * x;
        }
        self.windows(bordered, bases);
        let factor = self.alpha / self.size as f32;
        for base in bases {
            *base = self.k + factor * *base;
        }
    }

    /// Writes base^-beta to `powers`.
    #[inline(always)]
    fn powers(&self, bases: &[f32], powers: &mut [f32]) {
        // The exponent of the paper needs two square roots only.
        if self.beta == 0.75 {
            for (power, base) in powers.iter_mut().zip(bases) {
                let root = base.sqrt();
                *power = 1.0 / (root * root.sqrt());
            }
        } else {
            for (power, base) in powers.iter_mut().zip(bases) {
                *power = base.powf(-self.beta);
            }
        }
    }
}

kernel! {
    fn normalise<S>(_simd: S, response: &Response, input: &[f32], scratch: &mut [f32], output: &mut [f32], channels: usize) {
        let (bordered, rest) = scratch.split_at_mut(channels + response.size - 1);
        let (bases, _) = rest.split_at_mut(channels);
        for (x, y) in input.chunks_exact(channels).zip(output.chunks_exact_mut(channels)) {
            response.bases(x, bordered, bases);
            response.powers(bases, y);
            for (y, x) in y.iter_mut().zip(x) {
                *y *= x;
            }
        }
    }
}

kernel! {
    fn differentiate<S>(
        _simd: S,
        response: &Response,
        input: &[f32],
        gradient: &[f32],
        scratch: &mut [f32],
        output: &mut [f32],
        channels: usize,
    ) {
        let (bordered, rest) = scratch.split_at_mut(channels + response.size - 1);
        let (bases, sums) = rest.split_at_mut(channels);
        let factor = 2.0 * response.alpha * response.beta / response.size as f32;
        // A channel is in the windows of those from `size / 2` before to `(size - 1) / 2` after it.
        let before = response.size / 2;
        let rows = input.chunks_exact(channels).zip(gradient.chunks_exact(channels));
        for ((x, g), dx) in rows.zip(output.chunks_exact_mut(channels)) {
            response.bases(x, bordered, bases);
            response.powers(bases, dx);
            bordered.fill(0.0);
            let terms = bordered[before..].iter_mut().zip(x.iter().zip(g).zip(dx.iter().zip(bases.iter())));
            for (term, ((x, g), (power, base))) in terms {
                *term = g * x * power / base;
            }
            response.windows(bordered, sums);
            for ((dx, sum), (x, g)) in dx.iter_mut().zip(sums.iter()).zip(x.iter().zip(g)) {
                *dx = g * *dx - factor * x * sum;
            }
        }
    }
}
