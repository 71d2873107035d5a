//! A table of a comparison.

use serde::Serialize;

use super::csv_uri;
use crate::{compare::Summary, report::Column};

/// A table.
#[derive(Serialize)]
pub struct Table {
    /// Names of the columns; the first one holds words.
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// The same as a CSV file.
    data: String,
}

/// A cell of a table.
#[derive(Serialize)]
pub struct Cell {
    text: String,
    /// What else is said about it.
    pub small: String,
    /// The sort key, if it is a number.
    value: Option<f64>,
    /// True for a name, which begins at the left.
    is_word: bool,
}

impl Table {
    /// A table of so many rows.
    pub fn of<R>(rows: impl IntoIterator<Item = R>, columns: &[Column<R, Cell>]) -> Self {
        let names = columns.iter().map(|(name, _)| name.to_string()).collect();
        let row = |row: R| columns.iter().map(|(_, cell)| cell(&row)).collect();
        Self::new(names, rows.into_iter().map(row).collect())
    }

    /// A table with these rows.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<Cell>>) -> Self {
        let body = rows.iter().map(|row| row.iter().map(Cell::plain).collect());
        let data = csv_uri(std::iter::once(columns.clone()).chain(body));
        Self { columns, rows, data }
    }
}

impl Cell {
    /// A name.
    pub fn word(text: impl Into<String>) -> Self {
        Self { is_word: true, ..Self::text(text) }
    }

    /// Several numbers, or what else is no number and no name.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), small: String::new(), value: None, is_word: false }
    }

    /// A number, formatted by `text`, or a dash.
    pub fn number(value: Option<f64>, text: impl Fn(f64) -> String) -> Self {
        Self { value, ..Self::text(value.map_or_else(|| String::from("–"), text)) }
    }

    /// The mean of a figure, with its deviation.
    pub fn summary(summary: Option<Summary>, text: impl Fn(f64) -> String) -> Self {
        let deviation = summary.and_then(|summary| summary.deviation);
        let small =
            deviation.map_or_else(String::new, |deviation| format!("± {}", text(deviation)));
        Self { small, ..Self::number(summary.map(|summary| summary.mean), text) }
    }

    /// As a CSV file has it.
    fn plain(&self) -> String {
        match self.value {
            Some(value) => value.to_string(),
            None if self.text == "–" => String::new(),
            None => self.text.clone(),
        }
    }
}
