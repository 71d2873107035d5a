//! Tables as CSV.

use std::{fs, path::Path};

use crate::Error;

/// Rows as CSV, quoted where they need it. The first is the head.
pub fn csv(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("all rows of a table have its length");
    }
    let bytes = writer.into_inner().expect("memory takes what is written");
    String::from_utf8(bytes).expect("cells are UTF-8")
}

/// Writes rows to a CSV file.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be written.
pub fn write_csv(path: &Path, rows: impl IntoIterator<Item = Vec<String>>) -> Result<(), Error> {
    fs::write(path, csv(rows)).map_err(Error::io(path))
}

/// A column of a table: its name, and what it has of a row.
pub type Column<'a, R, Cell = String> = (&'a str, &'a dyn Fn(&R) -> Cell);

/// A table of so many rows, its head first.
pub fn rows_of<R>(rows: impl IntoIterator<Item = R>, columns: &[Column<R>]) -> Vec<Vec<String>> {
    let names = columns.iter().map(|(name, _)| name.to_string()).collect();
    let row = |row: R| columns.iter().map(|(_, cell)| cell(&row)).collect();
    std::iter::once(names).chain(rows.into_iter().map(row)).collect()
}

/// A row of a table's head.
pub fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(String::from).to_vec()
}

/// A figure, or an empty cell.
pub fn cell(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        let hostile = ["a,b", "say \"hi\"", "two\nlines", "<b>", "🦀", ""];
        let text = csv([head(["1", "2", "3", "4", "5", "6"]), head(hostile)]);
        assert_eq!(text, "1,2,3,4,5,6\n\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",<b>,🦀,\n");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(row.iter().collect::<Vec<_>>(), hostile);
    }
}
