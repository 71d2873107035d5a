//! Tables in a terminal.

use unicode_width::UnicodeWidthStr;

/// A table with aligned columns: the first row is the header, numbers are right-aligned. A line break
/// in a cell, or what else would move the cursor, is written as in Rust: `\n`.
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| on_one_line(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let is_number = |cell: &str| cell.starts_with(|first: char| first.is_ascii_digit());
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| {
            let blank = " ".repeat(width - cell.width());
            if is_number(cell) { blank + cell } else { format!("{cell}{blank}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text with its control characters written out.
fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for letter in text.chars() {
        match letter.is_control() {
            true => line.extend(letter.escape_debug()),
            false => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_aligns_words_left_and_numbers_right() {
        let rows = [["name", "size"], ["a", "5"], ["bcdef", "1234"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(String::from).to_vec()).collect();
        assert_eq!(table(&rows), "name   size\na         5\nbcdef  1234");
    }

    #[test]
    fn a_table_keeps_its_columns_whatever_a_cell_says() {
        // A line break, two letters as wide as four, an accent of its own, an escape of the terminal.
        let rows = [
            ["two\nlines.png", "a"],
            ["蜜蜂.png", "b"],
            ["e\u{301}.png", "c"],
            ["\u{1b}[2J\t", "d"],
        ];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(String::from).to_vec()).collect();
        let expected = [
            "two\\nlines.png  a",
            "蜜蜂.png        b",
            "e\u{301}.png           c",
            "\\u{1b}[2J\\t     d",
        ];
        assert_eq!(table(&rows), expected.join("\n"));
    }
}
