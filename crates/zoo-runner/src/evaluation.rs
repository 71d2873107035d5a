//! How good weights are on a split: what `report.json` says.

use std::time::Instant;

use burn::{
    data::dataloader::DataLoader,
    tensor::{Tensor, activation::softmax},
};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use zoo_data::Loader;

use crate::{Error, model::AnyClassifier, training::cross_entropy};

/// The figures of one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which split: `train`, `valid` or `test`.
    pub split: String,
    /// Number of images.
    pub images: usize,
    /// The fraction of images whose most probable class is theirs.
    pub accuracy: f64,
    /// The k of `top_k_accuracy`, at most the number of classes.
    pub top_k: usize,
    /// The fraction of images whose class is among the k most probable.
    pub top_k_accuracy: f64,
    /// Mean cross entropy in nats, without label smoothing.
    pub loss: f64,
    /// Figures of each class, in the order of labels.
    pub per_class: Vec<ClassReport>,
    /// `confusion_matrix[label][prediction]` counts images.
    pub confusion_matrix: Vec<Vec<usize>>,
    /// Wall-clock seconds of this evaluation.
    pub seconds: f64,
    /// Images a second of this evaluation, loading included.
    pub images_per_second: f64,
    /// How the weights came about; absent where only weights were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingReport>,
}

/// What training took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// Epochs trained.
    pub epochs: usize,
    /// Optimizer steps.
    pub steps: usize,
    /// Wall-clock seconds, validation and checkpoints included.
    pub seconds: f64,
    /// Training images a second over all those seconds.
    pub images_per_second: f64,
    /// Highest accuracy on the valid split, that of the weights kept.
    pub best_valid_accuracy: Option<f64>,
    /// The most memory that the process has held at once, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// The figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// The class's name.
    pub class: String,
    /// Number of its images.
    pub images: usize,
    /// The fraction of predictions of this class that are right; none where there are none.
    pub precision: Option<f64>,
    /// The fraction of its images that are found; none where there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
}

/// Runs `model` over all of `loader`'s images.
///
/// # Errors
///
/// [`Error::Failed`] if an image cannot be read or the device gives up.
pub fn evaluate(
    model: &dyn AnyClassifier,
    loader: &Loader,
    split: &str,
    classes: &[String],
    top_k: usize,
    bar: &ProgressBar,
) -> Result<Report, Error> {
    let started = Instant::now();
    let mut tally = Tally::new(classes.len(), top_k);
    for batch in loader.iter() {
        let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
        let logits = model.logits(batch.images);
        let losses = cross_entropy(logits.clone(), batch.targets.clone(), 0.0);
        let targets = batch.targets.try_into_data().map_err(unreadable)?;
        let targets: Vec<i64> = targets.iter::<i64>().collect();
        tally.add(&rows(logits)?, &targets);
        tally.loss += losses.sum().try_into_scalar::<f64>().map_err(unreadable)?;
        bar.inc(targets.len() as u64);
    }
    bar.finish_and_clear();
    Ok(tally.report(split, classes, started.elapsed().as_secs_f64()))
}

/// Probabilities of each class, a row an image.
pub fn probabilities(logits: Tensor<2>) -> Result<Vec<Vec<f32>>, Error> {
    rows(softmax(logits, 1))
}

/// The rows of a matrix on the host.
pub fn rows(matrix: Tensor<2>) -> Result<Vec<Vec<f32>>, Error> {
    let [_, columns] = matrix.dims();
    let data = matrix.try_into_data().map_err(unreadable)?;
    let values: Vec<f32> = data.iter::<f32>().collect();
    Ok(values.chunks(columns).map(<[f32]>::to_vec).collect())
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("the device gave no result: {error}"))
}

/// Labels from the most to the least probable; equal ones in the order of labels.
pub fn ranking(scores: &[f32]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..scores.len()).collect();
    labels.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    labels
}

struct Tally {
    top_k: usize,
    in_top_k: usize,
    loss: f64,
    confusion: Vec<Vec<usize>>,
}

impl Tally {
    fn new(num_classes: usize, top_k: usize) -> Self {
        Self {
            top_k: top_k.min(num_classes),
            in_top_k: 0,
            loss: 0.0,
            confusion: vec![vec![0; num_classes]; num_classes],
        }
    }

    fn add(&mut self, logits: &[Vec<f32>], targets: &[i64]) {
        for (logits, &target) in logits.iter().zip(targets) {
            let (ranking, target) = (ranking(logits), target as usize);
            self.confusion[target][ranking[0]] += 1;
            self.in_top_k += usize::from(ranking[..self.top_k].contains(&target));
        }
    }

    fn report(self, split: &str, classes: &[String], seconds: f64) -> Report {
        let images: usize = self.confusion.iter().flatten().sum();
        let right: usize = (0..classes.len()).map(|label| self.confusion[label][label]).sum();
        let share = |part: usize| part as f64 / images as f64;
        Report {
            split: split.to_string(),
            images,
            accuracy: share(right),
            top_k: self.top_k,
            top_k_accuracy: share(self.in_top_k),
            loss: self.loss / images as f64,
            per_class: classes
                .iter()
                .enumerate()
                .map(|(label, name)| self.class(label, name))
                .collect(),
            confusion_matrix: self.confusion,
            seconds,
            images_per_second: images as f64 / seconds,
            training: None,
        }
    }

    fn class(&self, label: usize, name: &str) -> ClassReport {
        let right = self.confusion[label][label];
        let images: usize = self.confusion[label].iter().sum();
        let predicted: usize = self.confusion.iter().map(|row| row[label]).sum();
        let fraction = |whole: usize| (whole > 0).then(|| right as f64 / whole as f64);
        ClassReport {
            class: name.to_string(),
            images,
            precision: fraction(predicted),
            recall: fraction(images),
            f1: (predicted + images > 0).then(|| 2.0 * right as f64 / (predicted + images) as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_counts_what_can_be_counted_by_hand() {
        let mut tally = Tally::new(3, 2);
        let logits = [[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [0.0, 1.0, 0.5]];
        tally.add(&logits.map(|row| row.to_vec()), &[0, 1, 2, 0]);
        tally.loss = 2.0;
        let classes = ["a", "b", "c"].map(String::from);
        let report = tally.report("test", &classes, 2.0);
        assert_eq!(report.confusion_matrix, [vec![1, 1, 0], vec![1, 0, 0], vec![0, 0, 1]]);
        assert_eq!((report.accuracy, report.top_k_accuracy, report.loss), (0.5, 0.75, 0.5));
        assert_eq!(report.images_per_second, 2.0);
        let a = &report.per_class[0];
        assert_eq!((a.images, a.precision, a.recall, a.f1), (2, Some(0.5), Some(0.5), Some(0.5)));
        let b = &report.per_class[1];
        assert_eq!((b.precision, b.recall, b.f1), (Some(0.0), Some(0.0), Some(0.0)));
    }

    #[test]
    fn equal_scores_rank_in_the_order_of_labels() {
        assert_eq!(ranking(&[1.0, 2.0, 2.0]), [1, 2, 0]);
    }
}
