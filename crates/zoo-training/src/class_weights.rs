//! The weight of each class in the loss.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::range;

use crate::words::unknown;

/// The weight of each class in the loss: `"balanced"`, weights by class name, or a list in the
/// order of the classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected \"balanced\", an object of weights by class, or a list of weights"
)]
pub enum ClassWeights {
    /// Weights from a rule.
    Rule(Rule),
    /// A weight of at least 0 for each named class; the others have weight 1.
    Named(BTreeMap<String, f64>),
    /// A weight of at least 0 for each class.
    Listed(Vec<f64>),
}

/// How the weights follow from the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// (train images) / (classes × images of the class), as in scikit-learn: every class has the
    /// same total weight in an epoch, and the mean over the images is 1.
    Balanced,
}

impl ClassWeights {
    /// Refuses a value that is not a weight.
    pub(super) fn check(&self) -> Result<(), String> {
        let (names, weights): (Vec<String>, Vec<f64>) = match self {
            Self::Rule(Rule::Balanced) => return Ok(()),
            Self::Named(weights) => {
                weights.iter().map(|(class, &weight)| (class.clone(), weight)).unzip()
            }
            Self::Listed(weights) => weights
                .iter()
                .enumerate()
                .map(|(label, &weight)| (label.to_string(), weight))
                .unzip(),
        };
        for (name, &weight) in names.iter().zip(&weights) {
            range::from_zero(&format!("class_weights.{name}"), weight)?;
        }
        Ok(())
    }

    /// A weight for each class, for classes of so many train images.
    pub(super) fn resolve(&self, classes: &[String], counts: &[usize]) -> Result<Vec<f64>, String> {
        let weights = match self {
            Self::Rule(Rule::Balanced) => {
                let images: usize = counts.iter().sum();
                let fair = images as f64 / classes.len() as f64;
                counts.iter().map(|&count| fair / count as f64).collect()
            }
            Self::Named(named) => {
                check_names(named, classes)?;
                classes.iter().map(|class| named.get(class).copied().unwrap_or(1.0)).collect()
            }
            Self::Listed(weights) if weights.len() != classes.len() => {
                let (found, expected) = (weights.len(), classes.len());
                return Err(format!(
                    "`class_weights`: expected {expected} numbers, one per class, found {found}"
                ));
            }
            Self::Listed(weights) => weights.clone(),
        };
        match weights.iter().all(|&weight| weight == 0.0) {
            true => Err(String::from("`class_weights`: expected a weight above 0, found none")),
            false => Ok(weights),
        }
    }
}

/// Refuses weights of classes that the data does not have.
fn check_names(named: &BTreeMap<String, f64>, classes: &[String]) -> Result<(), String> {
    match named.keys().find(|class| !classes.contains(class)) {
        None => Ok(()),
        Some(wrong) => {
            let known = classes.iter().map(String::as_str);
            Err(format!("`class_weights`: {}", unknown("class", wrong, known)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ClassWeights {
        serde_json::from_str(json).unwrap()
    }

    fn resolve(json: &str) -> Result<Vec<f64>, String> {
        let classes = ["ant", "bee", "wasp"].map(String::from);
        read(json).resolve(&classes, &[60, 30, 10])
    }

    #[test]
    fn weights_become_a_list() {
        // scikit-learn's compute_class_weight("balanced"): 100 / (3 * 60), and so on.
        let balanced = vec![100.0 / 3.0 / 60.0, 100.0 / 3.0 / 30.0, 100.0 / 3.0 / 10.0];
        assert_eq!(resolve("\"balanced\""), Ok(balanced.clone()));
        let mean: f64 =
            balanced.iter().zip([0.6, 0.3, 0.1]).map(|(weight, share)| weight * share).sum();
        assert!((mean - 1.0).abs() < 1e-12);
        let named = vec![1.0, 2.5, 1.0];
        assert_eq!(resolve(r#"{"bee": 2.5}"#), Ok(named.clone()));
        assert_eq!(resolve("[1, 2.5, 1]"), Ok(named));
    }

    #[test]
    fn wrong_weights_are_refused() {
        let refused = |json: &str| resolve(json).unwrap_err();
        assert_eq!(
            refused(r#"{"wsap": 2}"#),
            "`class_weights`: unknown class `wsap`, did you mean `wasp`? Known: ant, bee, wasp."
        );
        assert_eq!(
            refused("[1, 2]"),
            "`class_weights`: expected 3 numbers, one per class, found 2"
        );
        assert_eq!(refused("[0, 0, 0]"), "`class_weights`: expected a weight above 0, found none");
        assert_eq!(
            read(r#"{"ant": -1}"#).check().unwrap_err(),
            "`class_weights.ant`: expected a number of at least 0, found -1"
        );
        let error = serde_json::from_str::<ClassWeights>("\"even\"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected \"balanced\", an object of weights by class, or a list of weights"
        );
    }
}
