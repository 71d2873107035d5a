//! The tables of a run as CSV.

use zoo_data::Split;

use crate::{
    evaluation::{ClassReport, ConfusionMatrix, Evaluation, FULL_CLASSES, Interval, Report},
    report::{cell, head},
};

/// The figures of each class.
pub fn per_class(report: &Report) -> Vec<Vec<String>> {
    let names = [
        "class",
        "images",
        "precision",
        "precision_low",
        "precision_high",
        "recall",
        "recall_low",
        "recall_high",
        "f1",
        "f1_low",
        "f1_high",
    ];
    let figures = |value: Option<f64>, interval: Option<Interval>| {
        let [low, high] = [0, 1].map(|end| interval.map(|ends| ends[end]));
        [value, low, high].map(cell)
    };
    let row = |class: &ClassReport| {
        let names = [class.class.clone(), class.images.to_string()].into_iter();
        names
            .chain(figures(class.precision, class.precision_interval))
            .chain(figures(class.recall, class.recall_interval))
            .chain(figures(class.f1, class.f1_interval))
            .collect()
    };
    std::iter::once(head(names)).chain(report.per_class.iter().map(row)).collect()
}

/// The confusion matrix: a row per class, a column per prediction. Of many classes, a row per pair of
/// classes that were confused, the worst first.
pub fn confusion(classes: &[String], counts: &ConfusionMatrix) -> Vec<Vec<String>> {
    if classes.len() > FULL_CLASSES {
        let row = |(label, prediction, images): (usize, usize, usize)| {
            vec![classes[label].clone(), classes[prediction].clone(), images.to_string()]
        };
        let rows = counts.confused().into_iter().map(row);
        return std::iter::once(head(["class", "prediction", "images"])).chain(rows).collect();
    }
    let head = std::iter::once(String::from("class")).chain(classes.iter().cloned()).collect();
    let rows = classes.iter().enumerate().map(|(label, class)| {
        let counts = counts.full_row(label).into_iter().map(|images| images.to_string());
        std::iter::once(class.clone()).chain(counts).collect()
    });
    std::iter::once(head).chain(rows).collect()
}

/// Every image, in the order of the split.
pub fn predictions<'a>(
    evaluation: &'a Evaluation,
    split: &'a Split,
    report: &'a Report,
) -> impl Iterator<Item = Vec<String>> + 'a {
    let names = [
        "image",
        "index",
        "class",
        "label",
        "predicted_class",
        "prediction",
        "probability",
        "loss",
        "correct",
    ];
    let class = |label: usize| report.per_class[label].class.clone();
    let rows = evaluation.scored.iter().map(move |image| {
        vec![
            split.source().name(image.index),
            image.index.to_string(),
            class(image.label),
            image.label.to_string(),
            class(image.prediction),
            image.prediction.to_string(),
            image.probability.to_string(),
            image.loss.to_string(),
            image.is_right().to_string(),
        ]
    });
    std::iter::once(head(names)).chain(rows)
}
