//! Which files are meant.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use zoo_data::{Entry, Image, shown, walk};
use zoo_model::NO_ANSWER;

use crate::Error;

/// The images asked for: files as given; of folders, what in them and below is an image by its name
/// or content and not hidden, sorted, with what cannot be looked at among them. Links that lead in
/// circles are not followed, and named on stderr unless `quiet`.
///
/// # Errors
///
/// [`Error::Run`] if a folder holds no images.
pub fn images(asked: &[PathBuf], quiet: bool) -> Result<Vec<PathBuf>, Error> {
    let mut images = Vec::new();
    for path in asked {
        match path.is_dir() {
            true => images.extend(images_in(path, quiet)?),
            false => images.push(path.clone()),
        }
    }
    Ok(images)
}

/// The images that can be read, with their paths; why the others cannot is said beside `bar`.
pub fn read<'a>(paths: &'a [PathBuf], bar: &ProgressBar) -> Vec<(&'a Path, Image)> {
    let read = |path: &'a PathBuf| match Image::open(path) {
        Ok(image) => Some((path.as_path(), image)),
        Err(error) => {
            bar.suspend(|| eprintln!("error: {error}"));
            None
        }
    };
    paths.iter().filter_map(read).collect()
}

/// The error with which a verb ends that could not answer for all of so many images.
///
/// # Errors
///
/// [`Error::Failed`] if images could not be read, or the network gave no numbers for them.
pub fn all_answered(all: usize, unreadable: usize, unanswered: usize) -> Result<(), Error> {
    let unread = (unreadable > 0).then(|| format!("{unreadable} of {all} images cannot be read"));
    let none =
        (unanswered > 0).then(|| format!("for {unanswered} of {all} images {NO_ANSWER}: no class"));
    let failures: Vec<String> = unread.into_iter().chain(none).collect();
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Error::Failed(failures.join("; "))),
    }
}

fn images_in(folder: &Path, quiet: bool) -> Result<Vec<PathBuf>, Error> {
    let mut images = Vec::new();
    for entry in walk(folder) {
        match entry {
            Entry::Image(path) => images.push(path),
            Entry::Circle(link) if !quiet => {
                eprintln!("note: {}: not followed, since it leads back", shown(&link));
            }
            Entry::Circle(_) | Entry::Other(_) => {}
        }
    }
    match images.is_empty() {
        true => Err(Error::run(folder, "contains no images")),
        false => Ok(images),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folders_are_walked_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join(".trash")).unwrap();
        for name in ["c.PNG", "a.jpg", "b/deep/x.jpeg", ".trash/y.png", ".z.png", "notes.txt"] {
            fs::write(root.join(name), "").unwrap();
        }
        let found = images(&[root.to_path_buf(), PathBuf::from("given.txt")], true).unwrap();
        let expected = ["a.jpg", "b/deep/x.jpeg", "c.PNG"].map(|name| root.join(name));
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], [PathBuf::from("given.txt")]);
        assert_eq!(images(&[root.join(".trash")], true).unwrap(), [root.join(".trash/y.png")]);
        fs::create_dir(root.join("empty")).unwrap();
        let error = images(&[root.join("empty")], true).unwrap_err().to_string();
        assert!(error.ends_with("contains no images"), "{error}");
    }
}
