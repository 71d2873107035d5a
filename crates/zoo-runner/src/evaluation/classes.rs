//! What the confusion matrix says of each class.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, wilson, wilson_f1};

/// At most so many pairs of classes are listed.
const MOST_CONFUSED: usize = 20;

/// `matrix[label][prediction]` counts images.
pub type ConfusionMatrix = Vec<Vec<usize>>;

/// The figures of one class. Intervals are of 95 % and after Wilson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// The class's name.
    pub class: String,
    /// Number of its images.
    pub images: usize,
    /// The fraction of predictions of this class that are right; none where there are none.
    pub precision: Option<f64>,
    /// Where the true precision may be.
    pub precision_interval: Option<Interval>,
    /// The fraction of its images that are found; none where there are none.
    pub recall: Option<f64>,
    /// Where the true recall may be.
    pub recall_interval: Option<Interval>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Where the true F1 may be.
    pub f1_interval: Option<Interval>,
}

/// Means over classes, in which each counts the same, however many images it has. As in
/// scikit-learn, classes count that have images or predictions, and a figure without cases is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MacroAverage {
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean F1.
    pub f1: f64,
}

/// Images of one class that were taken for another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// What they show.
    pub class: String,
    /// What they were taken for.
    pub prediction: String,
    /// Number of them.
    pub images: usize,
    /// The fraction of the class's images.
    pub share: f64,
}

/// The figures of the class `label`.
pub fn class_report(matrix: &ConfusionMatrix, label: usize, name: &str) -> ClassReport {
    let right = matrix[label][label];
    let images: usize = matrix[label].iter().sum();
    let predicted: usize = matrix.iter().map(|row| row[label]).sum();
    let fraction = |whole: usize| (whole > 0).then(|| right as f64 / whole as f64);
    ClassReport {
        class: name.to_string(),
        images,
        precision: fraction(predicted),
        precision_interval: wilson(right, predicted),
        recall: fraction(images),
        recall_interval: wilson(right, images),
        f1: (predicted + images > 0).then(|| 2.0 * right as f64 / (predicted + images) as f64),
        f1_interval: wilson_f1(right, predicted + images - 2 * right),
    }
}

/// The means of the classes' figures.
pub fn macro_average(classes: &[ClassReport]) -> MacroAverage {
    let counted: Vec<&ClassReport> = classes.iter().filter(|class| class.f1.is_some()).collect();
    let mean = |figure: fn(&ClassReport) -> Option<f64>| {
        let sum: f64 = counted.iter().filter_map(|class| figure(class)).sum();
        sum / counted.len() as f64
    };
    MacroAverage {
        precision: mean(|class| class.precision),
        recall: mean(|class| class.recall),
        f1: mean(|class| class.f1),
    }
}

/// The pairs of classes that are confused most often, the first the worst; (label, prediction).
pub fn confused_pairs(matrix: &ConfusionMatrix) -> Vec<(usize, usize)> {
    let pairs = matrix.iter().enumerate().flat_map(|(label, row)| {
        let seen = row.iter().enumerate().filter(|&(_, &images)| images > 0);
        seen.map(move |(prediction, _)| (label, prediction))
    });
    let mut pairs: Vec<_> = pairs.filter(|(label, prediction)| label != prediction).collect();
    pairs.sort_by_key(|&(label, prediction)| std::cmp::Reverse(matrix[label][prediction]));
    pairs
}

/// The worst of [`confused_pairs`], by name.
pub fn most_confused(matrix: &ConfusionMatrix, classes: &[String]) -> Vec<Confusion> {
    let pairs = confused_pairs(matrix).into_iter().take(MOST_CONFUSED);
    pairs
        .map(|(label, prediction)| {
            let images = matrix[label][prediction];
            Confusion {
                class: classes[label].clone(),
                prediction: classes[prediction].clone(),
                images,
                share: images as f64 / matrix[label].iter().sum::<usize>() as f64,
            }
        })
        .collect()
}
