//! The part of a confusion matrix that fits a page.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::evaluation::ConfusionMatrix;

/// Up to this many classes, the whole matrix is shown.
const WHOLE: usize = 25;
/// Of a larger one, at most this many classes.
const SHOWN: usize = 20;

/// A confusion matrix, or what of it concerns the classes that are confused most often.
#[derive(Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// Names of the classes shown, in the order of labels.
    pub classes: Vec<String>,
    /// A row a class.
    pub rows: Vec<ClassRow>,
    /// False where classes are left out.
    pub is_whole: bool,
}

/// The images of a class.
#[derive(Debug, PartialEq, Serialize)]
pub struct ClassRow {
    /// The class's name.
    pub class: String,
    /// A cell a prediction.
    pub cells: Vec<Cell>,
    /// Images predicted as a class that is not shown.
    pub others: usize,
}

/// The images of a class with one prediction.
#[derive(Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Number of images.
    pub images: usize,
    /// The fraction of the class's images.
    pub share: f64,
    /// True on the diagonal.
    pub is_right: bool,
}

impl Matrix {
    /// What fits a page of the matrix `counts`.
    pub fn of(classes: &[String], counts: &ConfusionMatrix) -> Self {
        let is_whole = classes.len() <= WHOLE;
        let labels = match is_whole {
            true => (0..classes.len()).collect(),
            false => most_confused_classes(counts),
        };
        let class = |label: usize| classes[label].clone();
        let images = counts.images();
        let row = |&label: &usize| {
            let all = images[label];
            let cell = |&prediction: &usize| {
                let images = counts.count(label, prediction);
                let share = images as f64 / all.max(1) as f64;
                Cell { images, share, is_right: prediction == label }
            };
            let cells: Vec<Cell> = labels.iter().map(cell).collect();
            let shown: usize = cells.iter().map(|cell| cell.images).sum();
            ClassRow { class: class(label), cells, others: all - shown }
        };
        Self {
            rows: labels.iter().map(row).collect(),
            classes: labels.iter().map(|&label| class(label)).collect(),
            is_whole,
        }
    }
}

fn most_confused_classes(counts: &ConfusionMatrix) -> Vec<usize> {
    let mut labels = BTreeSet::new();
    for (label, prediction, _) in counts.confused() {
        if labels.len() + 2 > SHOWN {
            break;
        }
        labels.extend([label, prediction]);
    }
    labels.into_iter().collect()
}
