//! Photos that a table lists: a CSV or TSV file with a head line, or JSONL, an object a line.
//!
//! | column | |
//! | --- | --- |
//! | `image` | path of the image, below `root` |
//! | `label` | name of its class |
//! | `split`, if there is one | `train`, `valid` (or `val`) or `test` |
//! | `group`, if there is one | what belongs together, and stays in one split |
//!
//! Other columns are ignored. Without the column `split`, the setting `split` divides the images;
//! with it, the valid split is taken from the training images if no row belongs to it. Classes are
//! sorted: by number if all are numbers, else by name.
//!
//! A path means the file of that name, else the one that it names when its backslashes are separators,
//! or in another Unicode spelling.

mod find;
mod table;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    find::{Finder, tidy},
    table::{Row, read},
};
use super::{
    Dataset, FolderConfig, Info, OnUnreadable, SplitConfig, SplitName, SubsetConfig,
    classes::sorted, kept::Kept, listing::Listing, photos::Photo, settings::Settings,
};
use crate::{
    DataError, meant,
    preprocess::{Normalize, PreprocessConfig},
};

pub(super) static INFO: Info = Info {
    name: "manifest",
    about: "Photos listed with their labels in a CSV, TSV or JSONL file, with optional splits and \
            groups.",
    classes: None,
    channels: 3,
    image_size: 224,
    own_test: false,
    source: "write a file with the columns image and label",
    files: &[],
    normalize: Normalize::Imagenet,
};

/// Photos listed in a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestConfig {
    /// The table, relative to the current directory: `.csv`, `.tsv` or `.jsonl`, with the columns
    /// `image` and `label`, and optionally `split` and `group`.
    pub path: PathBuf,
    /// The folder to which the paths in the table are relative. By default the table's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// How to split the images, as far as the table does not say.
    #[serde(default)]
    pub split: SplitConfig,
    /// How images are prepared for the network.
    #[serde(default)]
    pub preprocess: PreprocessConfig,
    /// What to do about unreadable images.
    #[serde(default)]
    pub on_unreadable: OnUnreadable,
    /// Megabytes of memory for decoded photos, so that they need not be decoded in every epoch, 0
    /// to 1,048,576. Does not affect the batches.
    #[serde(default = "super::config::default_cache_mb")]
    pub cache_mb: usize,
}

impl ManifestConfig {
    /// The settings that a folder of photos has too.
    pub(super) fn as_folder(&self) -> FolderConfig {
        let own = || self.path.parent().unwrap_or(Path::new("")).to_owned();
        FolderConfig {
            root: meant(&self.root.clone().unwrap_or_else(own)),
            split: self.split.clone(),
            preprocess: self.preprocess.clone(),
            on_unreadable: self.on_unreadable,
            cache_mb: self.cache_mb,
        }
    }
}

impl Settings for ManifestConfig {
    fn check(&self, info: &Info) -> Result<(), DataError> {
        self.as_folder().check(info)
    }

    fn kept(&self) -> Kept<'_> {
        self.split.kept()
    }

    fn subset_mut(&mut self) -> &mut Option<SubsetConfig> {
        &mut self.split.subset
    }
}

/// Reads the table; the images are read when their turn comes.
pub(super) fn open(config: &ManifestConfig) -> Result<Dataset, DataError> {
    let path = &meant(&config.path);
    if !path.exists() {
        return Err(DataError::Missing { path: path.clone(), hint: INFO.source.to_owned() });
    }
    let rows = read(path)?;
    check_alike(path, &rows)?;
    let listing = listing(config, rows)?;
    if let [class] = &listing.classes[..] {
        let reason =
            format!("all images have the label {class:?}; a classifier needs at least two classes");
        return Err(DataError::Manifest { path: path.clone(), line: None, reason });
    }
    listing.into_dataset(&INFO, &config.as_folder())
}

/// Lists the images of all rows, whatever split they are of. Any number of classes will do.
pub(super) fn list_all(config: &ManifestConfig) -> Result<Listing, DataError> {
    let mut rows = read(&meant(&config.path))?;
    rows.iter_mut().for_each(|row| row.split = None);
    listing(config, rows)
}

/// Refuses an image that is listed twice, by the same name or another.
fn check_once(path: &Path, rows: &[Row], files: &[PathBuf]) -> Result<(), DataError> {
    let mut known: HashMap<PathBuf, &Row> = HashMap::new();
    for (row, file) in rows.iter().zip(files) {
        let Some(before) = known.insert(tidy(file), row) else { continue };
        let (image, line) = (&row.image, before.line);
        let reason = match before.label == row.label {
            true => format!("{image} is listed already, in line {line}"),
            false => format!(
                "{image} is listed already, in line {line}, with the label {:?} in place of {:?}; \
                 an image has one label",
                before.label, row.label
            ),
        };
        let (path, line) = (path.to_owned(), Some(row.line));
        return Err(DataError::Manifest { path, line, reason });
    }
    Ok(())
}

/// Refuses splits or groups that some rows have and others have not.
fn check_alike(path: &Path, rows: &[Row]) -> Result<(), DataError> {
    let (split, group) = (rows[0].split.is_some(), rows[0].group.is_some());
    for row in rows {
        for (name, same) in
            [("split", row.split.is_some() == split), ("group", row.group.is_some() == group)]
        {
            if !same {
                let reason = format!(
                    "some rows have a {name}, others, such as this one or the first, have none"
                );
                return Err(DataError::Manifest {
                    path: path.to_owned(),
                    line: Some(row.line),
                    reason,
                });
            }
        }
    }
    Ok(())
}

fn listing(config: &ManifestConfig, rows: Vec<Row>) -> Result<Listing, DataError> {
    let (path, root) = (&meant(&config.path), config.as_folder().root);
    let mut finder = Finder::new(&root);
    let files: Vec<PathBuf> = rows.iter().map(|row| finder.find(&row.image)).collect();
    check_once(path, &rows, &files)?;
    let classes = sorted(rows.iter().map(|row| row.label.clone()).collect());
    let of_split = |wanted: SplitName| -> Vec<usize> {
        let is_in = |row: &Row| row.split.unwrap_or(SplitName::Train) == wanted;
        (0..rows.len()).filter(|&place| is_in(&rows[place])).collect()
    };
    let some = |places: Vec<usize>| (!places.is_empty()).then_some(places);
    let train = of_split(SplitName::Train);
    if train.is_empty() {
        let reason = "no row belongs to the train split".to_string();
        return Err(DataError::Manifest { path: path.clone(), line: None, reason });
    }
    let labels: HashMap<&str, usize> = classes.iter().map(String::as_str).zip(0..).collect();
    let photo = |(row, file): (&Row, PathBuf)| Photo::new(&root, file, labels[row.label.as_str()]);
    Ok(Listing {
        photos: rows.iter().zip(files).map(photo).collect(),
        groups: rows.iter().map(|row| row.group.clone()).collect(),
        train,
        valid: some(of_split(SplitName::Valid)),
        test: some(of_split(SplitName::Test)),
        notes: finder.notes(path),
        root,
        classes,
    })
}

#[cfg(test)]
mod tests;
