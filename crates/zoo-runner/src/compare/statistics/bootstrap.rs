//! How far a mean may be from the true one, whatever the distribution.

use rand::Rng;
use zoo_data::rng::{Stream, rng};

use crate::evaluation::Interval;

/// Means that are drawn.
const RESAMPLES: usize = 10_000;

/// Where the mean of a figure may be, with a confidence of `level`, 0 to 1; none of none. Percentiles
/// of the means of as many figures, drawn from these with replacement 10,000 times by `seed`. After
/// Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979),
/// <https://doi.org/10.1214/aos/1176344552>.
pub fn bootstrap_mean(figures: &[f64], level: f64, seed: u64) -> Option<Interval> {
    if figures.is_empty() {
        return None;
    }
    let mut rng = rng(seed, Stream::Resample, 0, 0);
    let mut mean = || {
        let drawn = (0..figures.len()).map(|_| figures[rng.random_range(0..figures.len())]);
        drawn.sum::<f64>() / figures.len() as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean()).collect();
    means.sort_by(f64::total_cmp);
    Some([(1.0 - level) / 2.0, (1.0 + level) / 2.0].map(|share| quantile(&means, share)))
}

/// Between two values of an ascending list, as in NumPy's `quantile`.
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (low, high) = (ascending[place.floor() as usize], ascending[place.ceil() as usize]);
    low + (high - low) * place.fract()
}
