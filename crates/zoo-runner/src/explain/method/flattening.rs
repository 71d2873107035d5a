//! From maps to one row of numbers.

use super::Method;
use crate::explain::{
    Figure, Layer, Maps, Subject,
    figure::{Table, TableRow},
    picture,
};

pub(super) static METHOD: Method = Method {
    name: "flattening",
    title: "From maps to one row of numbers",
    about: "In the end, locations no longer matter, only what was found. The maps are flattened \
            into one row, or each is reduced to one number; a Vision Transformer reads one token. \
            What remains is a short description of the picture, and the last layer weights it for \
            each class.",
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let layers = &subject.record.layers;
    let rows = layers.iter().map(|layer| TableRow {
        name: layer.name.clone(),
        cells: vec![
            layer.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × "),
            layer.values.len().to_string(),
        ],
        share: None,
    });
    let mut figures = vec![Figure::Table(Table {
        caption: String::from("the output of each layer, from the picture to the scores"),
        head: vec!["layer", "shape", "numbers"],
        rows: rows.collect(),
    })];
    // The last of all are the scores themselves.
    let described = layers.iter().rev().skip(1).find(|layer| layer.shape.len() == 1);
    figures.extend(described.map(strip));
    figures
}

/// A row of numbers as a picture, broken into lines.
fn strip(layer: &Layer) -> Figure {
    let numbers = layer.values.len();
    let columns = (2 * numbers).isqrt().max(1);
    let rows = numbers.div_ceil(columns);
    // What fills the last line up is as dark as the smallest number.
    let smallest = layer.values.iter().copied().fold(f32::INFINITY, f32::min);
    let mut values = layer.values.clone();
    values.resize(rows * columns, smallest);
    let maps = Maps { channels: 1, size: [rows, columns], values };
    let caption =
        format!("the {numbers} numbers of {}, row by row; the lighter, the larger", layer.name);
    Figure::picture("", &picture::map(&maps, 0), caption)
}
