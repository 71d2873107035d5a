//! Which classes are taken for which.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Up to so many classes, a matrix is written with all its zeros.
pub const FULL_CLASSES: usize = 100;

/// How many images of each class were taken for which class. As JSON, an array with a row per label: up to
/// [`FULL_CLASSES`] classes, an array of a count per prediction; of more classes, an object of
/// the counts above 0 by prediction. Either is read, whatever the number of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// By label, then by prediction; what is not there is 0.
    rows: Vec<BTreeMap<usize, usize>>,
}

impl ConfusionMatrix {
    /// The matrix of so many classes, without images.
    pub fn new(num_classes: usize) -> Self {
        Self { rows: vec![BTreeMap::new(); num_classes] }
    }

    /// Number of classes.
    pub fn num_classes(&self) -> usize {
        self.rows.len()
    }

    /// Counts so many more images of `label` taken for `prediction`.
    ///
    /// # Panics
    ///
    /// If there is no such label.
    pub fn add(&mut self, label: usize, prediction: usize, images: usize) {
        *self.rows[label].entry(prediction).or_default() += images;
    }

    /// Counts the images of another matrix too, as far as the classes are the same.
    pub fn add_all(&mut self, other: &Self) {
        for (label, prediction, images) in other.counts() {
            if label < self.num_classes() {
                self.add(label, prediction, images);
            }
        }
    }

    /// How many images of `label` were taken for `prediction`.
    ///
    /// # Panics
    ///
    /// If there is no such label.
    pub fn count(&self, label: usize, prediction: usize) -> usize {
        self.rows[label].get(&prediction).copied().unwrap_or(0)
    }

    /// All counts above 0: label, prediction, images.
    pub fn counts(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.rows.iter().enumerate().flat_map(|(label, row)| {
            row.iter().map(move |(&prediction, &images)| (label, prediction, images))
        })
    }

    /// Images of each label.
    pub fn images(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.values().sum()).collect()
    }

    /// Images taken for each label.
    pub fn predicted(&self) -> Vec<usize> {
        let mut predicted = vec![0; self.num_classes()];
        self.counts().for_each(|(_, prediction, images)| predicted[prediction] += images);
        predicted
    }

    /// Labels and predictions that are not the same, and their images, the most first.
    pub fn confused(&self) -> Vec<(usize, usize, usize)> {
        let mut pairs: Vec<_> =
            self.counts().filter(|(label, prediction, _)| label != prediction).collect();
        pairs.sort_by_key(|&(_, _, images)| std::cmp::Reverse(images));
        pairs
    }

    /// The counts of a label, one per prediction.
    ///
    /// # Panics
    ///
    /// If there is no such label.
    pub fn full_row(&self, label: usize) -> Vec<usize> {
        (0..self.num_classes()).map(|prediction| self.count(label, prediction)).collect()
    }
}

impl Serialize for ConfusionMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let classes = self.num_classes();
        match classes <= FULL_CLASSES {
            true => serializer.collect_seq((0..classes).map(|label| self.full_row(label))),
            false => self.rows.serialize(serializer),
        }
    }
}

/// A row as JSON has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Counts {
    Full(Vec<usize>),
    Sparse(BTreeMap<String, usize>),
}

impl<'de> Deserialize<'de> for ConfusionMatrix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<Counts>::deserialize(deserializer)?;
        let mut matrix = Self::new(read.len());
        for (label, row) in read.into_iter().enumerate() {
            let counts: Vec<(usize, usize)> = match row {
                Counts::Full(counts) => counts.into_iter().enumerate().collect(),
                Counts::Sparse(counts) => counts
                    .into_iter()
                    .map(|(prediction, images)| Ok((prediction.parse()?, images)))
                    .collect::<Result<_, std::num::ParseIntError>>()
                    .map_err(D::Error::custom)?,
            };
            for (prediction, images) in counts.into_iter().filter(|&(_, images)| images > 0) {
                if prediction >= matrix.num_classes() {
                    return Err(D::Error::custom(format!("no class {prediction} in the matrix")));
                }
                matrix.add(label, prediction, images);
            }
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    fn matrix(num_classes: usize, counts: &[(usize, usize, usize)]) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(num_classes);
        counts
            .iter()
            .for_each(|&(label, prediction, images)| matrix.add(label, prediction, images));
        matrix
    }

    #[test]
    fn few_classes_are_written_with_their_zeros() {
        let two = matrix(2, &[(0, 0, 5), (1, 0, 2), (1, 0, 1)]);
        assert_eq!(to_value(&two).unwrap(), json!([[5, 0], [3, 0]]));
        assert_eq!(from_value::<ConfusionMatrix>(json!([[5, 0], [3, 0]])).unwrap(), two);
        let hundred = to_value(matrix(100, &[])).unwrap();
        assert_eq!(hundred[99], json!(vec![0; 100]));
    }

    #[test]
    fn many_classes_are_written_without() {
        let many = matrix(101, &[(0, 7, 5), (0, 100, 1), (100, 3, 2)]);
        let document = to_value(&many).unwrap();
        assert_eq!(document.as_array().unwrap().len(), 101);
        assert_eq!(document[0], json!({"7": 5, "100": 1}));
        assert_eq!((&document[1], &document[100]), (&json!({}), &json!({"3": 2})));
        assert_eq!(from_value::<ConfusionMatrix>(document).unwrap(), many);
        // As every matrix was written once.
        let mut full = vec![vec![0; 101]; 101];
        (full[0][7], full[0][100], full[100][3]) = (5, 1, 2);
        assert_eq!(from_value::<ConfusionMatrix>(json!(full)).unwrap(), many);
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let refused = |value: Value| from_value::<ConfusionMatrix>(value).unwrap_err().to_string();
        assert_eq!(refused(json!([{"1": 1}])), "no class 1 in the matrix");
        assert_eq!(refused(json!([[0, 1]])), "no class 1 in the matrix");
        assert_eq!(refused(json!([{"x": 1}])), "invalid digit found in string");
    }

    #[test]
    fn pairs_and_sums_are_counted() {
        let three = matrix(3, &[(0, 0, 4), (0, 1, 1), (2, 1, 3), (1, 1, 9)]);
        assert_eq!(three.confused(), [(2, 1, 3), (0, 1, 1)]);
        assert_eq!((three.images(), three.predicted()), (vec![5, 9, 3], vec![4, 13, 0]));
        let mut sum = three.clone();
        sum.add_all(&three);
        assert_eq!((sum.count(2, 1), sum.count(1, 1), sum.count(2, 2)), (6, 18, 0));
    }
}
