//! Predictions as text and as CSV.

use super::Predicted;
use crate::{
    classes::names,
    cli::table,
    report::{cell, csv},
};

/// One line per image: its classes with their probabilities, and whether the first is unsure.
pub fn text(predicted: &[Predicted], classes: &[String]) -> String {
    let rows = predicted.iter().map(|image| {
        let predictions = image.predictions.iter().map(|prediction| {
            let class = names::told(prediction.label, classes);
            format!("{class} {:.1} %", 100.0 * prediction.probability)
        });
        let none = image.predictions.is_empty().then(|| String::from("no class"));
        let mark = (image.unsure == Some(true)).then(|| String::from("unsure"));
        std::iter::once(image.image.clone()).chain(predictions).chain(none).chain(mark).collect()
    });
    table(&rows.collect::<Vec<Vec<String>>>())
}

/// A row an image: the most probable class, whether it is unsure where that was asked, and more classes,
/// `most` in all. The cells of an image without a class are empty.
pub fn as_csv(predicted: &[Predicted], most: usize) -> String {
    let asks_unsure = predicted.iter().any(|image| image.unsure.is_some());
    let mut head = ["image", "class", "label", "probability"].map(String::from).to_vec();
    head.extend(asks_unsure.then(|| String::from("unsure")));
    let more = (2..=most)
        .flat_map(|place| ["class", "label", "probability"].map(|name| format!("{name}_{place}")));
    head.extend(more);
    let rows = predicted.iter().map(|image| {
        let mut row = vec![image.image.clone()];
        for place in 0..most {
            let prediction = image.predictions.get(place);
            row.push(cell(prediction.map(|prediction| &prediction.class)));
            row.push(cell(prediction.map(|prediction| prediction.label)));
            row.push(cell(prediction.map(|prediction| prediction.probability)));
            if place == 0 {
                row.extend(image.unsure.map(|unsure| unsure.to_string()));
            }
        }
        row
    });
    csv(std::iter::once(head).chain(rows))
}
