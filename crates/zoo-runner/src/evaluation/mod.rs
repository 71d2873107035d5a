//! How good weights are on a split.

mod calibration;
mod classes;
mod confusion;
mod interval;
mod page;
mod report;
pub(crate) mod test_time;

use std::{cmp::Ordering, time::Instant};

use burn::tensor::Tensor;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use zoo_data::Loader;
use zoo_model::{NO_ANSWER, is_answer, rows};

pub(crate) use self::page::{Matrix, confusion_table};
pub use self::{
    calibration::{Calibration, CalibrationBin},
    classes::{ClassReport, Confusion, MacroAverage},
    confusion::{ConfusionMatrix, FULL_CLASSES},
    interval::{Interval, wilson},
    page::RunReport,
    report::{HardImage, OtherImages, Report, TrainingReport, UnknownClass},
};
use crate::Error;

/// What a network makes of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Every image, in the order of the split.
    pub scored: Vec<Scored>,
    /// Wall-clock seconds that it took.
    pub seconds: f64,
}

/// What a network makes of one image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Index of the image in its source.
    pub index: usize,
    /// What it shows.
    pub label: usize,
    /// The most probable class.
    pub prediction: usize,
    /// The probability of the prediction.
    pub probability: f64,
    /// The place of `label` among all classes by probability; 1 where the prediction is right.
    pub rank: usize,
    /// Cross entropy in nats, without label smoothing.
    pub loss: f64,
}

impl Scored {
    fn new(index: usize, label: usize, logits: &[f32]) -> Self {
        let ranks_before =
            |a: usize, b: usize| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)) == Ordering::Less;
        let best = |a, b| if ranks_before(b, a) { b } else { a };
        let prediction = (0..logits.len()).reduce(best).expect("a network has classes");
        let largest = f64::from(logits[prediction]);
        // Taken off before the exponential, so that large logits do not overflow.
        let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
        Self {
            index,
            label,
            prediction,
            probability: 1.0 / sum,
            rank: 1 + (0..logits.len()).filter(|&other| ranks_before(other, label)).count(),
            loss: largest + sum.ln() - f64::from(logits[label]),
        }
    }

    /// True where the prediction is what the image shows.
    pub fn is_right(&self) -> bool {
        self.prediction == self.label
    }
}

/// Has a network, `logits`, look at all of `loader`'s images.
///
/// # Errors
///
/// [`Error::Failed`] if an image cannot be read, the device gives up, or a score is no number.
pub fn evaluate(
    logits: &dyn Fn(Tensor<4>) -> Tensor<2>,
    loader: &Loader,
    bar: &ProgressBar,
) -> Result<Evaluation, Error> {
    let started = Instant::now();
    let mut scored = Vec::with_capacity(loader.num_images());
    for batch in loader.epoch(0, 0) {
        let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
        let logits = rows(logits(batch.images))?;
        if !logits.iter().all(|logits| is_answer(logits)) {
            return Err(Error::Failed(format!("{NO_ANSWER}, and so there is no accuracy")));
        }
        let labels = batch
            .targets
            .try_into_data()
            .map_err(|error| Error::Failed(format!("the device returned no result: {error}")))?;
        let images = batch.indices.iter().zip(labels.iter::<i64>()).zip(&logits);
        let score = |((&index, label), logits): ((_, i64), &Vec<f32>)| {
            Scored::new(index, label as usize, logits)
        };
        scored.extend(images.map(score));
        bar.inc(logits.len() as u64);
    }
    bar.finish_and_clear();
    Ok(Evaluation { scored, seconds: started.elapsed().as_secs_f64() })
}

#[cfg(test)]
mod tests;
