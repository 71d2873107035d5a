//! The rows of a table of images.

use std::path::Path;

use serde_json::{Map, Value};

use super::SplitName;
use crate::{DataError, dataset::classes::spelled, utf8};

/// The columns that count.
const COLUMNS: [&str; 4] = ["image", "label", "split", "group"];

/// An image of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line of the table, from 1.
    pub line: usize,
    pub image: String,
    /// In the spelling that class names have.
    pub label: String,
    /// Where the table has a column for it.
    pub split: Option<SplitName>,
    /// Where the table has a column for it.
    pub group: Option<String>,
}

/// Reads a table in the format that its name ends in.
///
/// # Errors
/// [`DataError::Manifest`], with the line, and [`DataError::Read`].
pub(super) fn read(path: &Path) -> Result<Vec<Row>, DataError> {
    let refuse = |(line, reason)| DataError::Manifest { path: path.to_owned(), line, reason };
    let text = || {
        let bytes = std::fs::read(path).map_err(DataError::read(path))?;
        utf8(bytes).map_err(|error| {
            let advice = "in a spreadsheet, the format is called \"CSV UTF-8\"";
            refuse((Some(error.line), format!("{error}; {advice}")))
        })
    };
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let rows = match &ending[..] {
        "csv" => read_csv(&text()?, b','),
        "tsv" => read_csv(&text()?, b'\t'),
        "jsonl" | "ndjson" => read_jsonl(&text()?),
        _ => Err((None, "its name should end in .csv, .tsv or .jsonl".to_string())),
    };
    match rows {
        Ok(rows) if rows.is_empty() => Err(refuse((None, "it lists no images".to_string()))),
        rows => rows.map_err(refuse),
    }
}

/// What is wrong, and in which line.
type Wrong = (Option<usize>, String);

fn read_csv(text: &str, delimiter: u8) -> Result<Vec<Row>, Wrong> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| (Some(1), error.to_string()))?.clone();
    let column = |name: &str| head.iter().position(|column| column == name);
    let required = |name: &str| {
        column(name).ok_or_else(|| {
            let found = head.iter().collect::<Vec<_>>().join(", ");
            (Some(1), format!("there is no column {name:?}; the columns are: {found}"))
        })
    };
    for name in COLUMNS {
        if head.iter().filter(|&column| column == name).count() > 1 {
            return Err((Some(1), format!("there are several columns {name:?}")));
        }
    }
    let (image, label) = (required("image")?, required("label")?);
    let (split, group) = (column("split"), column("group"));
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| {
            let line = error.position().map(|position| position.line() as usize);
            (line, csv_problem(&error, head.len()))
        })?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        let cell = |column: usize| record.get(column).map(str::to_owned);
        Row::new(line, [cell(image), cell(label), split.and_then(cell), group.and_then(cell)])
    };
    reader.records().map(row).collect()
}

fn csv_problem(error: &csv::Error, columns: usize) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { len, .. } => {
            format!(
                "there are {len} cells, but the header has {columns}; quote cells that contain commas"
            )
        }
        _ => error.to_string(),
    }
}

fn read_jsonl(text: &str) -> Result<Vec<Row>, Wrong> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let row = |(index, text): (usize, &str)| {
        let line = index + 1;
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            let problem = error.to_string();
            let problem = problem.split(" at line ").next().unwrap_or_default();
            (Some(line), format!("it is not a JSON object: {problem}"))
        })?;
        let cell = |name: &str| match object.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        Row::new(line, COLUMNS.map(cell))
    };
    lines.map(row).collect()
}

impl Row {
    /// A row of these cells: image, label, split, group.
    fn new(line: usize, cells: [Option<String>; 4]) -> Result<Self, Wrong> {
        let [image, label, split, group] = cells;
        let required = |name: &str, cell: Option<String>| match cell {
            Some(cell) if !cell.is_empty() => Ok(cell),
            Some(_) => Err((Some(line), format!("{name} is empty"))),
            None => Err((Some(line), format!("there is no {name:?}"))),
        };
        let known = |split: String| {
            let unknown = || {
                let reason = format!("split is {split:?}, but must be train, valid or test");
                (Some(line), reason)
            };
            SplitName::from_alias(&split).ok_or_else(unknown)
        };
        let split = split.map(known).transpose()?;
        let group = group.map(|group| required("group", Some(group))).transpose()?;
        let (image, label) = (required("image", image)?, spelled(&required("label", label)?));
        Ok(Self { line, image, label, split, group })
    }
}
