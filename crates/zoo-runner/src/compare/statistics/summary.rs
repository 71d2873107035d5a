//! Mean, deviation and interval of the same figure of several runs.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::evaluation::Interval;

/// A figure of several runs that differ by their seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of runs.
    pub runs: usize,
    /// Their mean.
    pub mean: f64,
    /// Sample standard deviation, that with runs - 1; none of a single run.
    pub deviation: Option<f64>,
    /// Where the mean of all seeds may be: 95 %, after Student; none of a single run.
    pub interval: Option<Interval>,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Summary {
    /// Of some figures; none of none.
    pub fn of(figures: &[f64]) -> Option<Self> {
        if figures.is_empty() {
            return None;
        }
        Some(Self {
            runs: figures.len(),
            mean: mean(figures),
            deviation: deviation(figures),
            interval: t_interval(figures, 0.95),
            min: figures.iter().copied().fold(f64::INFINITY, f64::min),
            max: figures.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len() as f64
}

fn deviation(figures: &[f64]) -> Option<f64> {
    let mean = mean(figures);
    let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
    (figures.len() > 1).then(|| (squares / (figures.len() - 1) as f64).sqrt())
}

/// Where the mean of a normally distributed figure may be, with a confidence of `level`, 0 to 1; none
/// of fewer than two. After Student, "The probable error of a mean" (1908),
/// <https://doi.org/10.2307/2331554>.
pub fn t_interval(figures: &[f64], level: f64) -> Option<Interval> {
    let deviation = deviation(figures)?;
    let n = figures.len() as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf((1.0 + level) / 2.0);
    let spread = t * deviation / n.sqrt();
    Some([mean(figures) - spread, mean(figures) + spread])
}
