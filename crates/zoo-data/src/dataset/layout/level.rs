//! What lies in a folder of photos, or in one of its splits.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    DataError,
    dataset::classes::spelled,
    image::{is_left_behind, leads_back, may_hold_images},
    is_image_file, shown,
};

/// What lies in a folder itself, without what is hidden; sorted by name.
pub struct Level {
    pub path: PathBuf,
    /// Folders, and links to nowhere that may have been some.
    pub folders: Vec<PathBuf>,
    /// Images that lie beside the folders.
    pub images: Vec<PathBuf>,
    /// Links that lead back.
    pub circles: Vec<PathBuf>,
}

impl Level {
    /// Lists a folder.
    ///
    /// # Errors
    /// [`DataError::Read`].
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let entries = fs::read_dir(folder).map_err(DataError::read(folder))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> =
            paths.collect::<Result<_, _>>().map_err(DataError::read(folder))?;
        paths.sort();
        let mut level = Self {
            path: folder.to_owned(),
            folders: Vec::new(),
            images: Vec::new(),
            circles: Vec::new(),
        };
        for path in paths.into_iter().filter(|path| !is_left_behind(path)) {
            let list = match path.metadata() {
                Ok(found) if found.is_dir() && path.is_symlink() && leads_back(&path) => {
                    &mut level.circles
                }
                Ok(found) if found.is_dir() => &mut level.folders,
                Ok(_) if is_image_file(&path) => &mut level.images,
                Err(_) if may_hold_images(&path) => match path.extension() {
                    None => &mut level.folders,
                    Some(_) => &mut level.images,
                },
                _ => continue,
            };
            list.push(path);
        }
        Ok(level)
    }

    /// What is left out of it.
    pub fn notes(&self) -> Vec<String> {
        let names =
            |paths: &[PathBuf]| listed(&paths.iter().map(|path| name(path)).collect::<Vec<_>>());
        let images = names(&self.images).map(|listed| {
            format!("{}: left out images that are in no class folder: {listed}", self.shown())
        });
        images.into_iter().chain(self.circles.iter().map(|path| circle(path))).collect()
    }

    pub fn shown(&self) -> String {
        shown(&self.path)
    }
}

/// What the user should know of a link that leads back.
pub fn circle(link: &Path) -> String {
    format!("{}: not followed, since it leads back to a folder that it lies in", shown(link))
}

/// The first of some names, and how many more there are; none of none.
pub fn listed(names: &[String]) -> Option<String> {
    let (first, more) = names.split_first()?;
    Some(match more.len() {
        0 => first.clone(),
        more => format!("{first} and {more} more"),
    })
}

/// What the class of a folder is called.
pub fn name(folder: &Path) -> String {
    spelled(&shown(Path::new(folder.file_name().unwrap_or_default())))
}
