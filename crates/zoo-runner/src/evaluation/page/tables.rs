//! The tables of a run as CSV.

use zoo_data::Split;

use crate::{
    evaluation::{ClassReport, Evaluation, Interval, Report},
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

/// The confusion matrix: a row a class, a column a prediction.
pub fn confusion(report: &Report) -> Vec<Vec<String>> {
    let classes = || report.per_class.iter().map(|class| class.class.clone());
    let corner = String::from("class");
    let rows = classes().zip(&report.confusion_matrix).map(|(class, row)| {
        std::iter::once(class).chain(row.iter().map(usize::to_string)).collect()
    });
    std::iter::once(std::iter::once(corner).chain(classes()).collect()).chain(rows).collect()
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
