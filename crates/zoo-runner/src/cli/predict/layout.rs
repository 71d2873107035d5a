//! Predictions as text and as CSV.

use super::Predicted;
use crate::{cli::table, report::csv};

/// A line an image: its classes with their probabilities, and whether the first is unsure.
pub fn text(predicted: &[Predicted]) -> String {
    let rows = predicted.iter().map(|image| {
        let classes = image.predictions.iter().map(|prediction| {
            format!("{} {:.1} %", prediction.class, 100.0 * prediction.probability)
        });
        let mark = (image.unsure == Some(true)).then(|| String::from("unsure"));
        std::iter::once(image.image.clone()).chain(classes).chain(mark).collect()
    });
    table(&rows.collect::<Vec<Vec<String>>>())
}

/// A row an image: the most probable class, whether it is unsure where that was asked, and as many
/// more classes as were asked.
pub fn as_csv(predicted: &[Predicted]) -> String {
    let most = predicted.iter().map(|image| image.predictions.len()).max().unwrap_or(1);
    let asks_unsure = predicted.iter().any(|image| image.unsure.is_some());
    let mut head = ["image", "class", "label", "probability"].map(String::from).to_vec();
    head.extend(asks_unsure.then(|| String::from("unsure")));
    let more = (2..=most)
        .flat_map(|place| ["class", "label", "probability"].map(|name| format!("{name}_{place}")));
    head.extend(more);
    let rows = predicted.iter().map(|image| {
        let mut row = vec![image.image.clone()];
        for (place, prediction) in image.predictions.iter().enumerate() {
            row.push(prediction.class.clone());
            row.push(prediction.label.to_string());
            row.push(prediction.probability.to_string());
            if place == 0 {
                row.extend(image.unsure.map(|unsure| unsure.to_string()));
            }
        }
        row
    });
    csv(std::iter::once(head).chain(rows))
}
