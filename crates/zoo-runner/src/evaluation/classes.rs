//! What the confusion matrix says of each class.

use serde::{Deserialize, Serialize};

use super::{
    confusion::ConfusionMatrix,
    interval::{Interval, wilson, wilson_f1},
};

/// Largest number of listed pairs of classes.
const MOST_CONFUSED: usize = 20;

/// The figures of one class. Intervals are of 95 % and after Wilson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// The class's name.
    pub class: String,
    /// Number of its images.
    pub images: usize,
    /// The fraction of predictions of this class that are right; `None` if there are none.
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

/// The figures of each class.
pub fn class_reports(matrix: &ConfusionMatrix, names: &[String]) -> Vec<ClassReport> {
    let (images, predicted) = (matrix.images(), matrix.predicted());
    let class = |(label, name): (usize, &String)| {
        class_report(name, matrix.count(label, label), images[label], predicted[label])
    };
    names.iter().enumerate().map(class).collect()
}

/// The figures of a class with so many images, of which some are found, and so many predictions.
fn class_report(name: &str, right: usize, images: usize, predicted: usize) -> ClassReport {
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

/// The classes that are confused most often, by name, the first the worst.
pub fn most_confused(matrix: &ConfusionMatrix, classes: &[String]) -> Vec<Confusion> {
    let of_class = matrix.images();
    let pairs = matrix.confused().into_iter().take(MOST_CONFUSED);
    pairs
        .map(|(label, prediction, images)| Confusion {
            class: classes[label].clone(),
            prediction: classes[prediction].clone(),
            images,
            share: images as f64 / of_class[label] as f64,
        })
        .collect()
}
