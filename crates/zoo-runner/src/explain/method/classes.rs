//! From scores to probabilities.

use super::Method;
use crate::explain::{
    Figure, Subject,
    figure::{Table, TableRow},
};

/// So many classes are shown.
const SHOWN: usize = 5;

pub(super) static METHOD: Method = Method {
    name: "classes",
    title: "From scores to probabilities",
    about: "The last layer gives each class a score, a logit: any number, and the larger the \
            better. Softmax turns logits into probabilities: it raises e to each score, so all are \
            above 0, and divides each by the sum of all, so they add up to 1. The probabilities \
            show how the network divides its belief, not how often it is right.",
    figures: |subject| Ok(vec![Figure::Table(table(subject))]),
    ..Method::PLAIN
};

fn table(subject: &Subject) -> Table {
    let largest = subject.logits[subject.ranking[0]];
    let exponential = |logit: f32| (logit - largest).exp();
    let sum: f32 = subject.logits.iter().map(|&logit| exponential(logit)).sum();
    let row = |&label: &usize| {
        let (logit, probability) = (subject.logits[label], subject.probabilities[label]);
        let numbers = [format!("{logit:.2}"), format!("{:.4}", exponential(logit))];
        TableRow {
            name: subject.class(label),
            cells: numbers
                .into_iter()
                .chain([format!("{:.2}\u{a0}%", 100.0 * probability)])
                .collect(),
            share: Some(probability),
        }
    };
    let rows: Vec<TableRow> = subject.ranking.iter().take(SHOWN).map(row).collect();
    let classes = subject.logits.len();
    Table {
        caption: format!(
            "the {} most probable of {classes} classes; largest logit {largest:.2}, sum over all classes {sum:.4}",
            rows.len()
        ),
        head: vec!["class", "logit", "e^(logit − largest)", "probability"],
        rows,
    }
}
