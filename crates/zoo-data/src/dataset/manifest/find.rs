//! The files that a table means, which may have been written on another system.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Component, Path, PathBuf},
};

use crate::{dataset::classes::spelled, home, path::unescaped, shown};

/// Finds the files of a table.
pub(super) struct Finder<'a> {
    root: &'a Path,
    /// What lies in the folders that were looked into, by its name as [`spelled`].
    folders: HashMap<PathBuf, HashMap<String, OsString>>,
    /// Paths whose backslashes are separators.
    backslashes: Found,
    /// Paths that are spelled otherwise than the files.
    spellings: Found,
}

/// Paths that mean other files than they say.
#[derive(Default)]
struct Found {
    first: Option<String>,
    count: usize,
}

impl<'a> Finder<'a> {
    /// Files below `root`.
    pub fn new(root: &'a Path) -> Self {
        let (backslashes, spellings) = Default::default();
        Self { root, folders: HashMap::new(), backslashes, spellings }
    }

    /// The file that a path of the table means, below the root; the path itself if there is none.
    pub fn find(&mut self, image: &str) -> PathBuf {
        let path = home(Path::new(image));
        if self.exists(&path) {
            return path;
        }
        if let Some(bytes) = unescaped(&path).filter(|bytes| self.exists(bytes)) {
            return bytes;
        }
        let slashes = home(Path::new(&image.replace('\\', "/")));
        for candidate in [&path, &slashes] {
            let found = if self.exists(candidate) {
                candidate.clone()
            } else if let Some(found) = self.respelled(candidate) {
                self.spellings.add(image);
                found
            } else {
                continue;
            };
            if *candidate != path {
                self.backslashes.add(image);
            }
            return found;
        }
        path
    }

    /// What the user should know, one sentence each.
    pub fn notes(self, table: &Path) -> Vec<String> {
        let note = |found: Found, what: &str| {
            let first = found.first?;
            let count = match found.count {
                1 => String::from("a path"),
                count => format!("{count} paths"),
            };
            Some(format!("{}: {what} {count}, such as {first}", shown(table)))
        };
        let backslashes = note(self.backslashes, "took backslashes for separators of folders in");
        let spellings = note(
            self.spellings,
            "took files whose names are spelled otherwise in Unicode (NFC, NFD) for",
        );
        backslashes.into_iter().chain(spellings).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// The path to a file whose name and whose folders' names differ in their spelling alone.
    fn respelled(&mut self, path: &Path) -> Option<PathBuf> {
        // Plain letters have one spelling.
        if path.to_str()?.is_ascii() {
            return None;
        }
        let mut found = PathBuf::new();
        for part in path.components() {
            let next = found.join(part);
            if self.exists(&next) {
                found = next;
                continue;
            }
            let folder = self.root.join(&found);
            let names = self.folders.entry(folder.clone()).or_insert_with(|| names(&folder));
            found.push(names.get(&spelled(part.as_os_str().to_str()?))?);
        }
        Some(found)
    }
}

impl Found {
    fn add(&mut self, image: &str) {
        self.first.get_or_insert_with(|| image.to_owned());
        self.count += 1;
    }
}

/// What lies in a folder, by its name as [`spelled`].
fn names(folder: &Path) -> HashMap<String, OsString> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    names.filter_map(|name| Some((spelled(name.to_str()?), name))).collect()
}

/// A path without `.`, and without a folder that `..` leaves again: the same for names of one file.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        let is_left = matches!(tidy.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_left => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}
