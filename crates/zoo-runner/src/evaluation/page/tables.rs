//! The tables of a run as CSV.

use zoo_data::Split;

use crate::{
    evaluation::{ConfusionMatrix, Evaluation, FULL_CLASSES, Interval, Report},
    report::{cell, rows_of},
};

/// The figures of each class.
pub fn per_class(report: &Report) -> Vec<Vec<String>> {
    let end = |interval: Option<Interval>, end: usize| cell(interval.map(|ends| ends[end]));
    rows_of(
        &report.per_class,
        &[
            ("class", &|class| class.class.clone()),
            ("images", &|class| class.images.to_string()),
            ("precision", &|class| cell(class.precision)),
            ("precision_low", &|class| end(class.precision_interval, 0)),
            ("precision_high", &|class| end(class.precision_interval, 1)),
            ("recall", &|class| cell(class.recall)),
            ("recall_low", &|class| end(class.recall_interval, 0)),
            ("recall_high", &|class| end(class.recall_interval, 1)),
            ("f1", &|class| cell(class.f1)),
            ("f1_low", &|class| end(class.f1_interval, 0)),
            ("f1_high", &|class| end(class.f1_interval, 1)),
        ],
    )
}

/// The confusion matrix: a row per class, a column per prediction. Of many classes, a row per pair of
/// classes that were confused, the worst first.
pub fn confusion(classes: &[String], counts: &ConfusionMatrix) -> Vec<Vec<String>> {
    if classes.len() > FULL_CLASSES {
        return rows_of(
            counts.confused(),
            &[
                ("class", &|&(label, ..)| classes[label].clone()),
                ("prediction", &|&(_, prediction, _)| classes[prediction].clone()),
                ("images", &|(.., images)| images.to_string()),
            ],
        );
    }
    let head = std::iter::once(String::from("class")).chain(classes.iter().cloned()).collect();
    let rows = classes.iter().enumerate().map(|(label, class)| {
        let counts = counts.full_row(label).into_iter().map(|images| images.to_string());
        std::iter::once(class.clone()).chain(counts).collect()
    });
    std::iter::once(head).chain(rows).collect()
}

/// Every image, in the order of the split.
pub fn predictions(evaluation: &Evaluation, split: &Split, report: &Report) -> Vec<Vec<String>> {
    let class = |label: usize| report.per_class[label].class.clone();
    rows_of(
        &evaluation.scored,
        &[
            ("image", &|image| split.source().name(image.index)),
            ("index", &|image| image.index.to_string()),
            ("class", &|image| class(image.label)),
            ("label", &|image| image.label.to_string()),
            ("predicted_class", &|image| class(image.prediction)),
            ("prediction", &|image| image.prediction.to_string()),
            ("probability", &|image| image.probability.to_string()),
            ("loss", &|image| image.loss.to_string()),
            ("correct", &|image| image.is_right().to_string()),
        ],
    )
}
