//! A part of the train split: what is learned from how many images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Split;
use crate::{
    DataError, SplitError,
    rng::{Stream, permutation, rng},
};

/// How much of the train split to keep, drawn at random from each class with the seed of the
/// splits. The images of a smaller subset are in every larger one with the same seed; the valid and
/// test splits stay whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubsetConfig {
    /// A fraction of each class, rounded to whole images: above 0, at most 1.
    Fraction(f64),
    /// A number of images per class, at least 1.
    ImagesPerClass(usize),
}

impl SubsetConfig {
    /// Refuses sizes out of range; `setting` is the subset's own path.
    pub(super) fn check(&self, setting: &str) -> Result<(), DataError> {
        match *self {
            Self::Fraction(fraction) if !(fraction > 0.0 && fraction <= 1.0) => {
                let setting = format!("{setting}.fraction");
                Err(DataError::setting(&setting, "above 0 and at most 1", fraction))
            }
            Self::ImagesPerClass(0) => {
                let setting = format!("{setting}.images_per_class");
                Err(DataError::setting(&setting, "1 or more", 0))
            }
            _ => Ok(()),
        }
    }

    /// The subset of a train split.
    ///
    /// # Errors
    /// [`SplitError::EmptySubset`] and [`SplitError::SmallClass`].
    pub(super) fn of(
        &self,
        train: &Split,
        classes: &[String],
        seed: u64,
    ) -> Result<Split, DataError> {
        let mut of_class = vec![Vec::new(); classes.len()];
        for position in 0..train.len() {
            of_class[train.label(position)].push(position);
        }
        let mut kept = vec![false; train.len()];
        for (label, positions) in of_class.iter().enumerate() {
            let count = self.count(&classes[label], positions.len())?;
            let order = permutation(positions.len(), rng(seed, Stream::Subset, 0, label as u64));
            for place in &order[..count] {
                kept[positions[*place]] = true;
            }
        }
        Ok(train.without(|position| !kept[position]))
    }

    /// How many of a class's images are kept.
    fn count(&self, class: &str, images: usize) -> Result<usize, DataError> {
        let class = class.to_owned();
        match *self {
            Self::Fraction(fraction) => match (images as f64 * fraction).round() as usize {
                0 => Err(SplitError::EmptySubset { class, images, fraction }.into()),
                count => Ok(count),
            },
            Self::ImagesPerClass(asked) if asked > images => {
                Err(SplitError::SmallClass { class, images, asked }.into())
            }
            Self::ImagesPerClass(asked) => Ok(asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataConfig, Dataset};

    fn open(subset: &str) -> Result<Dataset, DataError> {
        let json = format!(r#"{{"sea": {{"train": 200, "subset": {subset}}}}}"#);
        serde_json::from_str::<DataConfig>(&json).unwrap().open()
    }

    fn indices(split: &Split) -> Vec<usize> {
        (0..split.len()).map(|position| split.index(position)).collect()
    }

    #[test]
    fn every_class_is_kept_in_the_same_proportion() {
        let dataset = open(r#"{"fraction": 0.13}"#).unwrap();
        assert_eq!(dataset.train.class_counts(10), [3; 10]);
        assert_eq!(dataset.valid.len(), 1000);
        assert_eq!(dataset.test.as_ref().unwrap().len(), 1000);
        let few = open(r#"{"images_per_class": 2}"#).unwrap();
        assert_eq!(few.train.class_counts(10), [2; 10]);
        assert_ne!(few.fingerprint(), dataset.fingerprint());
    }

    #[test]
    fn the_whole_is_a_subset_too() {
        let whole = open("null").unwrap();
        for subset in [r#"{"fraction": 1.0}"#, r#"{"images_per_class": 20}"#] {
            assert_eq!(open(subset).unwrap().fingerprint(), whole.fingerprint());
        }
    }

    #[test]
    fn a_smaller_subset_is_in_every_larger_one() {
        let sizes = [
            r#"{"images_per_class": 1}"#,
            r#"{"fraction": 0.1}"#,
            r#"{"images_per_class": 5}"#,
            r#"{"fraction": 0.6}"#,
        ];
        let subsets = sizes.map(|size| indices(&open(size).unwrap().train));
        assert_eq!(subsets.each_ref().map(Vec::len), [10, 20, 50, 120]);
        assert!(subsets.iter().all(|indices| indices.is_sorted()));
        for pair in subsets.windows(2) {
            assert!(pair[0].iter().all(|index| pair[1].contains(index)), "{pair:?}");
        }
    }

    #[test]
    fn another_seed_keeps_other_images() {
        let train = open("null").unwrap().train;
        let classes: Vec<String> = ('a'..='j').map(String::from).collect();
        let subset = |seed| {
            let split = SubsetConfig::Fraction(0.5).of(&train, &classes, seed).unwrap();
            indices(&split)
        };
        assert_eq!(subset(1), subset(1));
        assert_ne!(subset(1), subset(2));
    }

    #[test]
    fn an_empty_class_is_refused_by_name() {
        let message = |subset| open(subset).unwrap_err().to_string();
        assert_eq!(
            message(r#"{"fraction": 0.02}"#),
            "class \"dolphin\" would be empty: 0.02 of its 20 training images rounds to none; raise \
             subset.fraction to 0.025 or more"
        );
        assert_eq!(
            message(r#"{"images_per_class": 21}"#),
            "class \"dolphin\" has 20 training images, fewer than the 21 requested; lower \
             subset.images_per_class"
        );
    }

    #[test]
    fn sizes_are_checked() {
        let message = |subset| open(subset).unwrap_err().to_string();
        assert_eq!(
            message(r#"{"fraction": 0}"#),
            "`subset.fraction`: expected above 0 and at most 1, found 0"
        );
        assert_eq!(
            message(r#"{"fraction": 1.5}"#),
            "`subset.fraction`: expected above 0 and at most 1, found 1.5"
        );
        assert_eq!(
            message(r#"{"images_per_class": 0}"#),
            "`subset.images_per_class`: expected 1 or more, found 0"
        );
        let json = r#"{"mnist": {"root": "x", "split": {"subset": {"fraction": 2}}}}"#;
        let error = serde_json::from_str::<DataConfig>(json).unwrap().check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`split.subset.fraction`: expected above 0 and at most 1, found 2"
        );
    }
}
