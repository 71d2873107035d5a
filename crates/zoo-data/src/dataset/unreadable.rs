//! Images that cannot be read: all of them found at once, before anything is begun.

use std::fmt;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Dataset, Split, SplitName};
use crate::DataError;

/// What to do about unreadable images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnUnreadable {
    /// All are listed, each with its reason, and nothing starts.
    #[default]
    Error,
    /// They are left out, and listed in the run's manifest.
    Skip,
}

/// An image that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreadable {
    /// Its file.
    pub image: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Unreadable {
    /// An image of this name, and what reading it came to.
    pub(crate) fn new(image: String, error: DataError) -> Self {
        let reason = match error {
            DataError::Decode { reason, .. } => reason,
            DataError::Read { reason, .. } => reason.to_string(),
            error => error.to_string(),
        };
        Self { image, reason }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.image, self.reason)
    }
}

impl Dataset {
    /// Reads every image of these splits once, on all threads of rayon's pool, and does about those that cannot be
    /// read what the dataset's settings say: refuses them all, or takes them out of the splits and
    /// notes them in `skipped` and `notes`. The other images stay in the splits they are in.
    /// `on_image` is called after each image.
    ///
    /// Datasets that are held in memory have been read already; they cost nothing.
    ///
    /// # Errors
    /// [`DataError::Unreadable`]; if they are skipped and nothing is left of a split, or of a class
    /// to train on, [`DataError::NoneReadable`].
    pub fn check_images(
        &mut self,
        splits: &[SplitName],
        on_image: impl Fn() + Sync,
    ) -> Result<(), DataError> {
        let mut bad = Vec::new();
        for &name in splits {
            let Some(split) = self.split(name) else { continue };
            bad.push((name, unreadable(split, &on_image)));
        }
        let images: Vec<Unreadable> =
            bad.iter().flat_map(|(_, bad)| bad.iter().map(|(_, image)| image.clone())).collect();
        match self.on_unreadable {
            _ if images.is_empty() => Ok(()),
            OnUnreadable::Error => Err(DataError::Unreadable { images }),
            OnUnreadable::Skip => {
                for (name, bad) in bad {
                    self.leave_out(name, &bad)?;
                }
                self.notes.push(note(&images));
                self.skipped = images;
                Ok(())
            }
        }
    }

    /// Takes images out of a split.
    fn leave_out(&mut self, name: SplitName, bad: &[(usize, Unreadable)]) -> Result<(), DataError> {
        let split = match name {
            SplitName::Train => &mut self.train,
            SplitName::Valid => &mut self.valid,
            SplitName::Test => match &mut self.test {
                Some(test) => test,
                None => return Ok(()),
            },
        };
        let before = split.class_counts(self.classes.len());
        *split = split.without(|position| bad.binary_search_by_key(&position, |bad| bad.0).is_ok());
        let after = split.class_counts(self.classes.len());
        let emptied = (0..before.len()).find(|&label| before[label] > 0 && after[label] == 0);
        let part = match emptied {
            Some(label) if name == SplitName::Train => {
                format!("class {:?} in the train split", self.classes[label])
            }
            Some(_) if split.is_empty() => format!("the {name} split"),
            _ => return Ok(()),
        };
        let images = bad.iter().map(|(_, image)| image.clone()).collect();
        Err(DataError::NoneReadable { part, images })
    }
}

/// Positions and names of a split's images that cannot be read, in their order.
fn unreadable(split: &Split, on_image: &(impl Fn() + Sync)) -> Vec<(usize, Unreadable)> {
    let positions = (0..split.len()).into_par_iter();
    let checked = positions.filter_map(|position| {
        let outcome = split.source().check(split.index(position));
        on_image();
        let unreadable = Unreadable::new(split.name(position), outcome.err()?);
        Some((position, unreadable))
    });
    checked.collect()
}

/// What the user should know about what is skipped.
fn note(images: &[Unreadable]) -> String {
    let listed: Vec<String> = images.iter().map(|image| format!("\n  {image}")).collect();
    format!("images that cannot be read, left out: {}{}", images.len(), listed.concat())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tempfile::TempDir;

    use super::*;
    use crate::{DataConfig, Image};

    /// Two ants and two bees to train on, one of each to validate; those named are broken.
    fn open(on_unreadable: &str, broken: &[&str]) -> (TempDir, Dataset) {
        let folder = tempfile::tempdir().unwrap();
        for file in
            ["train/ant/1", "train/ant/2", "train/bee/3", "train/bee/4", "val/ant/5", "val/bee/6"]
        {
            let path = folder.path().join(file).with_extension("png");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match broken.contains(&file) {
                true => fs::write(path, "").unwrap(),
                false => Image::filled(1, 1, &[9, 9, 9]).save_png(path).unwrap(),
            }
        }
        let json = serde_json::json!({
            "folder": {"root": folder.path(), "on_unreadable": on_unreadable}
        });
        let dataset = serde_json::from_value::<DataConfig>(json).unwrap().open().unwrap();
        (folder, dataset)
    }

    /// What checking says, without the folder's place.
    fn refusal(on_unreadable: &str, broken: &[&str]) -> String {
        let (folder, mut dataset) = open(on_unreadable, broken);
        let error = dataset.check_images(&SplitName::ALL, || ()).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn sound_images_pass_and_are_counted() {
        let (_folder, mut dataset) = open("error", &[]);
        let seen = AtomicUsize::new(0);
        let count = || {
            seen.fetch_add(1, Ordering::Relaxed);
        };
        dataset.check_images(&SplitName::ALL, count).unwrap();
        assert_eq!(seen.into_inner(), 6);
        assert_eq!((dataset.notes.len(), dataset.skipped.len()), (0, 0));
    }

    #[test]
    fn all_that_cannot_be_read_are_listed_at_once() {
        assert_eq!(
            refusal("error", &["train/ant/2", "val/bee/6"]),
            "2 images cannot be read; replace or remove them, or set on_unreadable to \"skip\":\n  \
             train/ant/2.png: it is empty\n  val/bee/6.png: it is empty"
        );
        assert!(refusal("error", &["train/ant/1"]).starts_with("1 image cannot be read; "));
    }

    #[test]
    fn only_the_splits_asked_for_are_looked_at() {
        let (_folder, mut dataset) = open("error", &["train/ant/2"]);
        dataset.check_images(&[SplitName::Valid, SplitName::Test], || ()).unwrap();
    }

    #[test]
    fn what_is_skipped_is_named_and_the_rest_stays() {
        let (folder, mut dataset) = open("skip", &["train/ant/2", "val/bee/6"]);
        let whole = dataset.fingerprint();
        dataset.check_images(&SplitName::ALL, || ()).unwrap();
        assert_eq!(dataset.train.class_counts(2), [1, 2]);
        assert_eq!(dataset.valid.class_counts(2), [1, 0]);
        let path = |file: &str| folder.path().join(file).display().to_string();
        let skipped = ["train/ant/2.png", "val/bee/6.png"]
            .map(|file| Unreadable { image: path(file), reason: "it is empty".to_string() });
        assert_eq!(dataset.skipped, skipped);
        let expected = format!(
            "images that cannot be read, left out: 2\n  {}: it is empty\n  {}: it is empty",
            path("train/ant/2.png"),
            path("val/bee/6.png")
        );
        assert_eq!(dataset.notes, [expected]);
        assert_ne!(dataset.fingerprint(), whole);
    }

    #[test]
    fn nothing_left_is_refused() {
        assert_eq!(
            refusal("skip", &["train/ant/1", "train/ant/2"]),
            "no image of class \"ant\" in the train split can be read:\n  \
             train/ant/1.png: it is empty\n  train/ant/2.png: it is empty"
        );
        assert_eq!(
            refusal("skip", &["val/ant/5", "val/bee/6"]),
            "no image of the valid split can be read:\n  \
             val/ant/5.png: it is empty\n  val/bee/6.png: it is empty"
        );
    }
}
