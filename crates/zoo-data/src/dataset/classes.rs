//! Names of classes, and a dataset with some of its classes alone.

use std::{collections::BTreeSet, sync::Arc};

use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;

use super::{Dataset, ImageSource};
use crate::{DataError, Image};

/// A name in the spelling that class names have here, of the several that Unicode has for a word: NFC.
pub fn spelled(name: &str) -> String {
    name.nfc().collect()
}

/// Whether two names are the same, however their letters are put together: macOS spells é as e and an
/// accent.
pub fn same_name(a: &str, b: &str) -> bool {
    a == b || a.nfc().eq(b.nfc())
}

/// Classes in the order of their labels: by number if all are numbers, else by name.
pub fn sorted(names: BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    if names.iter().all(|name| name.parse::<u64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<u64>().ok());
    }
    names
}

impl Dataset {
    /// The dataset with the classes of these names alone, in this order.
    ///
    /// # Errors
    /// [`DataError::Setting`], for the setting of this name, unless they are two or more of the
    /// classes, each once.
    pub(super) fn only(self, setting: &str, classes: &[String]) -> Result<Self, DataError> {
        let expected = || {
            let known: Vec<String> =
                self.classes.iter().map(|class| format!("{class:?}")).collect();
            format!("two or more of {}, each once", known.join(", "))
        };
        let refuse = |found: String| DataError::setting(setting, expected(), found);
        let mut labels = vec![None; self.classes.len()];
        for (label, class) in classes.iter().enumerate() {
            let known = self.classes.iter().position(|known| same_name(known, class));
            match known.map(|known| labels[known].replace(label)) {
                Some(None) => {}
                _ => return Err(refuse(format!("{class:?}"))),
            }
        }
        if classes.len() < 2 {
            return Err(refuse(format!("{classes:?}")));
        }
        Ok(self.relabelled(classes.iter().map(|class| spelled(class)).collect(), labels))
    }

    /// The dataset with other `classes`: `labels` has a label among them for each of its own. Images
    /// without one are left out.
    ///
    /// # Panics
    /// If there are fewer labels than classes.
    pub fn relabelled(self, classes: Vec<String>, labels: Vec<Option<usize>>) -> Self {
        assert_eq!(labels.len(), self.classes.len(), "a label for each class");
        let labels: Arc<[Option<usize>]> = labels.into();
        let [train, valid] = [&self.train, &self.valid].map(|split| split.relabelled(&labels));
        let test = self.test.as_ref().map(|test| test.relabelled(&labels));
        Self { classes, train, valid, test, ..self }
    }
}

/// A source whose labels are others. An image that has none is in no split.
pub(super) struct Relabelled {
    source: Arc<dyn ImageSource>,
    labels: Arc<[Option<usize>]>,
}

impl Relabelled {
    /// `source` with a label in the place of each of its own, or none.
    pub(super) fn new(source: Arc<dyn ImageSource>, labels: Arc<[Option<usize>]>) -> Self {
        Self { source, labels }
    }

    /// The label of an image, if it has one.
    pub(super) fn find(&self, index: usize) -> Option<usize> {
        self.labels[self.source.label(index)]
    }
}

impl ImageSource for Relabelled {
    fn label(&self, index: usize) -> usize {
        self.find(index).expect("an image of a split has a label")
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        self.source.image(index)
    }

    fn check(&self, index: usize) -> Result<(), DataError> {
        self.source.check(index)
    }

    fn name(&self, index: usize) -> String {
        self.source.name(index)
    }

    fn mask(&self, index: usize) -> Option<Vec<u8>> {
        self.source.mask(index)
    }

    fn stamp(&self, hasher: &mut Sha256) {
        self.source.stamp(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::{same_name, sorted, spelled};
    use crate::{DataConfig, DataError, Dataset};

    fn open(settings: &str) -> Result<Dataset, DataError> {
        let json = format!(r#"{{"sea": {{"train": 200, {settings}}}}}"#);
        serde_json::from_str::<DataConfig>(&json).unwrap().open()
    }

    #[test]
    fn the_classes_asked_for_are_numbered_anew() {
        let whole = open(r#""seed": 0"#).unwrap();
        let two = open(r#""classes": ["whale", "dolphin"]"#).unwrap();
        assert_eq!(two.classes, ["whale", "dolphin"]);
        assert_eq!(two.train.class_counts(2), [20, 20]);
        assert_eq!(two.valid.class_counts(2), [100, 100]);
        assert_eq!(two.test.as_ref().unwrap().class_counts(2), [100, 100]);
        for position in 0..two.train.len() {
            let sample = two.train.sample(position).unwrap();
            let label = whole.train.source().label(sample.index);
            assert_eq!(whole.classes[label], two.classes[sample.label]);
            assert_eq!(sample.label, two.train.label(position));
        }
        assert_ne!(two.fingerprint(), whole.fingerprint());
    }

    #[test]
    fn numbers_are_sorted_as_such_and_spellings_are_one() {
        let sort = |names: &[&str]| sorted(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(sort(&["10", "9", "-1"]), ["-1", "10", "9"]);
        assert_eq!(sort(&["10", "9", "0"]), ["0", "9", "10"]);
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        assert!(same_name(composed, decomposed) && !same_name(composed, "cafe"));
        assert_eq!(spelled(decomposed), composed);
    }

    #[test]
    fn a_subset_is_one_of_the_classes_left() {
        let settings = r#""classes": ["whale", "dolphin"], "subset": {"images_per_class": 3}"#;
        assert_eq!(open(settings).unwrap().train.class_counts(2), [3, 3]);
    }

    #[test]
    fn other_names_are_refused() {
        for (classes, found) in [
            (r#"["whale", "wale"]"#, r#""wale""#),
            (r#"["whale", "whale"]"#, r#""whale""#),
            (r#"["whale"]"#, r#"["whale"]"#),
        ] {
            let message = open(&format!(r#""classes": {classes}"#)).unwrap_err().to_string();
            assert!(
                message.starts_with("`classes`: expected two or more of \"dolphin\", "),
                "{message}"
            );
            assert!(message.ends_with(&format!(", each once, found {found}")), "{message}");
        }
    }
}
