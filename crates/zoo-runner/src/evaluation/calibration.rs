//! Whether probabilities mean what they say.

use serde::{Deserialize, Serialize};

use super::Scored;

/// Bins of equal width.
const BINS: usize = 15;

/// Of all images predicted with a probability of about p, is a fraction p right?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: the difference between accuracy and mean probability in each
    /// bin, averaged over images. 0 is perfect. After Guo and others, "On Calibration of Modern
    /// Neural Networks" (2017), <https://arxiv.org/abs/1706.04599>.
    pub expected_error: f64,
    /// Images by the probability of their predicted class, in 15 bins of equal width.
    pub bins: Vec<CalibrationBin>,
}

/// The images whose predicted class has a probability above `from` and up to `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower end, excluded.
    pub from: f64,
    /// Upper end, included.
    pub to: f64,
    /// Number of images.
    pub images: usize,
    /// Their mean probability; `None` if there are no images.
    pub probability: Option<f64>,
    /// The fraction of them whose prediction is right.
    pub accuracy: Option<f64>,
}

impl Calibration {
    /// The calibration of what a network makes of some images.
    pub fn of(scored: &[Scored]) -> Self {
        let mut bins = vec![(0, 0, 0.0); BINS];
        for image in scored {
            let bin = (image.probability * BINS as f64).ceil() as usize;
            let (images, right, sum) = &mut bins[bin.clamp(1, BINS) - 1];
            *images += 1;
            *right += usize::from(image.is_right());
            *sum += image.probability;
        }
        let gaps = bins.iter().map(|&(_, right, sum): &(_, usize, f64)| (right as f64 - sum).abs());
        let expected_error = gaps.sum::<f64>() / scored.len() as f64;
        let end = |number: usize| number as f64 / BINS as f64;
        let bins = bins.into_iter().enumerate().map(|(number, (images, right, sum))| {
            let mean = |sum: f64| (images > 0).then(|| sum / images as f64);
            CalibrationBin {
                from: end(number),
                to: end(number + 1),
                images,
                probability: mean(sum),
                accuracy: mean(right as f64),
            }
        });
        Self { expected_error, bins: bins.collect() }
    }
}
