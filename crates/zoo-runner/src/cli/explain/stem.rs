//! How the names of an image's files begin.

use std::path::{Path, PathBuf};

use zoo_data::shown;

/// Number of characters kept from the image's name.
const LETTERS: usize = 40;

/// The images' names without folder and extension, made safe for any file system, and numbered if
/// there are several, so that all differ.
pub fn stems(paths: &[PathBuf]) -> Vec<String> {
    let stem = |(index, path): (usize, &PathBuf)| {
        let name = shown(Path::new(path.file_stem().unwrap_or_default()));
        let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
        let name: String = name.chars().map(letter).take(LETTERS).collect();
        match paths.len() {
            1 => name,
            _ => format!("{}-{name}", index + 1),
        }
    };
    paths.iter().enumerate().map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_fit_for_file_names() {
        let one = [PathBuf::from("photos/at the beach.v2.JPG")];
        assert_eq!(stems(&one), ["at-the-beach-v2"]);
        let two = ["a/x.png", "b/<x>.png"].map(PathBuf::from);
        assert_eq!(stems(&two), ["1-x", "2--x-"]);
        assert_eq!(stems(&[PathBuf::from("ß🐙".repeat(40))])[0].chars().count(), 40);
    }
}
