//! The passes over rows of channels.

use pulp::Simd;

use crate::flex::simd::{columns, kernel, load, mul_add, store};

/// Floats that are gone through once for every vector of channels, so that they stay in the
/// first-level cache.
const BLOCK: usize = 1 << 12;

/// Whole rows of about [`BLOCK`] floats.
fn block(channels: usize) -> usize {
    (BLOCK / channels).max(1) * channels
}

kernel! {
    /// `sums` becomes the means of the channels, then the sums of the squares about them.
    pub(super) fn moments<S>(simd: S, rows: &[f32], sums: &mut [f32]) {
        let channels = sums.len() / 2;
        let (means, squares) = sums.split_at_mut(channels);
        for block in rows.chunks(block(channels)) {
            for range in columns(simd, channels) {
                let mut sum = load(simd, &means[range.clone()]);
                for row in block.chunks_exact(channels) {
                    sum = simd.add_f32s(sum, load(simd, &row[range.clone()]));
                }
                store(simd, &mut means[range], sum);
            }
        }
        let factor = channels as f32 / rows.len() as f32;
        means.iter_mut().for_each(|mean| *mean *= factor);
        for block in rows.chunks(block(channels)) {
            for range in columns(simd, channels) {
                let mean = load(simd, &means[range.clone()]);
                let mut sum = load(simd, &squares[range.clone()]);
                for row in block.chunks_exact(channels) {
                    let distance = simd.sub_f32s(load(simd, &row[range.clone()]), mean);
                    sum = mul_add(simd, distance, distance, sum);
                }
                store(simd, &mut squares[range], sum);
            }
        }
    }
}

kernel! {
    /// Scales rows in place.
    pub(super) fn apply<S>(simd: S, rows: &mut [f32], coefficients: &[f32], relu: bool) {
        let (factors, addends) = coefficients.split_at(coefficients.len() / 2);
        let channels = factors.len();
        for block in rows.chunks_mut(block(channels)) {
            for range in columns(simd, channels) {
                let scale = Scale::new(simd, &factors[range.clone()], &addends[range.clone()], relu);
                for row in block.chunks_exact_mut(channels) {
                    let y = scale.apply(simd, load(simd, &row[range.clone()]));
                    store(simd, &mut row[range.clone()], y);
                }
            }
        }
    }
}

kernel! {
    /// Writes the scaled rows to `output`.
    pub(super) fn apply_to<S>(simd: S, output: &mut [f32], rows: &[f32], coefficients: &[f32], relu: bool) {
        let (factors, addends) = coefficients.split_at(coefficients.len() / 2);
        let channels = factors.len();
        let size = block(channels);
        for (output, block) in output.chunks_mut(size).zip(rows.chunks(size)) {
            for range in columns(simd, channels) {
                let scale = Scale::new(simd, &factors[range.clone()], &addends[range.clone()], relu);
                let pairs = output.chunks_exact_mut(channels).zip(block.chunks_exact(channels));
                for (output, row) in pairs {
                    let y = scale.apply(simd, load(simd, &row[range.clone()]));
                    store(simd, &mut output[range.clone()], y);
                }
            }
        }
    }
}

kernel! {
    /// Writes the ReLU of the scaled rows plus `shortcut` to `output`.
    pub(super) fn apply_add_to<S>(simd: S, output: &mut [f32], rows: &[f32], shortcut: &[f32], coefficients: &[f32]) {
        let (factors, addends) = coefficients.split_at(coefficients.len() / 2);
        let channels = factors.len();
        let size = block(channels);
        let inputs = rows.chunks(size).zip(shortcut.chunks(size));
        for (output, (rows, shortcut)) in output.chunks_mut(size).zip(inputs) {
            for range in columns(simd, channels) {
                let scale = Scale::new(simd, &factors[range.clone()], &addends[range.clone()], false);
                let inputs = rows.chunks_exact(channels).zip(shortcut.chunks_exact(channels));
                for (output, (row, shortcut)) in output.chunks_exact_mut(channels).zip(inputs) {
                    let y = scale.apply(simd, load(simd, &row[range.clone()]));
                    let y = simd.add_f32s(y, load(simd, &shortcut[range.clone()]));
                    let zero = simd.splat_f32s(0.0);
                    let y = simd.select_f32s(simd.less_than_f32s(y, zero), zero, y);
                    store(simd, &mut output[range.clone()], y);
                }
            }
        }
    }
}

/// Factors and addends of a vector of channels, with or without ReLU.
#[derive(Clone, Copy)]
struct Scale<S: Simd> {
    factor: S::f32s,
    addend: S::f32s,
    relu: bool,
}

impl<S: Simd> Scale<S> {
    #[inline(always)]
    fn new(simd: S, factors: &[f32], addends: &[f32], relu: bool) -> Self {
        Self { factor: load(simd, factors), addend: load(simd, addends), relu }
    }

    #[inline(always)]
    fn apply(&self, simd: S, x: S::f32s) -> S::f32s {
        let y = mul_add(simd, x, self.factor, self.addend);
        let zero = simd.splat_f32s(0.0);
        match self.relu {
            true => simd.select_f32s(simd.less_than_f32s(y, zero), zero, y),
            false => y,
        }
    }

    /// The gradient that the ReLU lets through.
    #[inline(always)]
    fn pass(&self, simd: S, x: S::f32s, gradient: S::f32s) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        let y = mul_add(simd, x, self.factor, self.addend);
        match self.relu {
            true => simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, gradient),
            false => gradient,
        }
    }
}

/// Per channel, what the gradient of the input is made of.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Factors, then addends, of the forward pass.
    pub(super) coefficients: &'a [f32],
    pub(super) slopes: &'a [f32],
    pub(super) levels: &'a [f32],
}

kernel! {
    /// Adds to `sums` the gradients of each channel, then their products with the distance from the mean. `centre` holds
    /// means, factors and addends.
    pub(super) fn gradient_sums<S>(simd: S, input: &[f32], gradient: &[f32], centre: &[f32], relu: bool, sums: &mut [f32]) {
        let channels = sums.len() / 2;
        let (means, coefficients) = centre.split_at(channels);
        let (factors, addends) = coefficients.split_at(channels);
        let (plain, products) = sums.split_at_mut(channels);
        let size = block(channels);
        for (input, gradient) in input.chunks(size).zip(gradient.chunks(size)) {
            for range in columns(simd, channels) {
                let scale = Scale::new(simd, &factors[range.clone()], &addends[range.clone()], relu);
                let mean = load(simd, &means[range.clone()]);
                let mut sum = load(simd, &plain[range.clone()]);
                let mut product = load(simd, &products[range.clone()]);
                for (x, g) in input.chunks_exact(channels).zip(gradient.chunks_exact(channels)) {
                    let x = load(simd, &x[range.clone()]);
                    let g = scale.pass(simd, x, load(simd, &g[range.clone()]));
                    sum = simd.add_f32s(sum, g);
                    product = mul_add(simd, g, simd.sub_f32s(x, mean), product);
                }
                store(simd, &mut plain[range.clone()], sum);
                store(simd, &mut products[range], product);
            }
        }
    }
}

kernel! {
    /// Changes the gradient of the output into that of the input.
    pub(super) fn combine<S>(simd: S, gradient: &mut [f32], input: &[f32], terms: Terms<'_>, relu: bool) {
        let channels = terms.slopes.len();
        let (factors, addends) = terms.coefficients.split_at(channels);
        let size = block(channels);
        for (gradient, input) in gradient.chunks_mut(size).zip(input.chunks(size)) {
            for range in columns(simd, channels) {
                let scale = Scale::new(simd, &factors[range.clone()], &addends[range.clone()], relu);
                let slope = load(simd, &terms.slopes[range.clone()]);
                let level = load(simd, &terms.levels[range.clone()]);
                for (g, x) in gradient.chunks_exact_mut(channels).zip(input.chunks_exact(channels)) {
                    let x = load(simd, &x[range.clone()]);
                    let passed = scale.pass(simd, x, load(simd, &g[range.clone()]));
                    let rest = mul_add(simd, slope, x, level);
                    store(simd, &mut g[range.clone()], mul_add(simd, passed, scale.factor, rest));
                }
            }
        }
    }
}
