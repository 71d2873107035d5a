//! In what the configs differ besides the network and how it learns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zoo_data::shown;

use super::entry::{Entry, document};
use crate::{Error, classes::difference};

/// What belongs to a recipe for a network, and so may differ, and what changes no figure.
const OWN: [&str; 7] =
    ["$schema", "about", "seed", "model", "optimizer", "parameter_groups", "schedule"];
const IDLE: [&str; 4] =
    ["loader.workers", "loader.prefetch", "train.log_every", "train.checkpoint"];
/// What a shared budget takes the place of.
const LENGTH: [&str; 4] = ["train.epochs", "train.steps", "train.images", "train.seconds"];

/// A setting in which the configs differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Its path, as in `--set`.
    pub key: String,
    /// What each config says, in order; `None` if it does not say.
    pub values: Vec<Option<Value>>,
}

/// All settings in which the configs differ, beyond network, optimizer, groups of parameters and
/// schedule.
pub fn differences(entries: &[Entry], has_budget: bool) -> Vec<Difference> {
    let documents: Vec<Value> = entries.iter().map(|entry| document(&entry.config)).collect();
    let mut found = Vec::new();
    compare(String::new(), documents.iter().map(Some).collect(), &mut found);
    let is_told = |difference: &Difference| {
        let key = difference.key.as_str();
        let is_one_of = |keys: &[&str]| {
            let begins = |part: &&str| key.strip_prefix(*part).is_some_and(is_end);
            keys.iter().any(begins)
        };
        !(is_one_of(&OWN) || is_one_of(&IDLE) || has_budget && is_one_of(&LENGTH))
    };
    found.retain(is_told);
    found
}

/// True for what may follow the whole name of a key.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

fn compare(key: String, values: Vec<Option<&Value>>, found: &mut Vec<Difference>) {
    if values.windows(2).all(|pair| pair[0] == pair[1]) {
        return;
    }
    let objects: Option<Vec<&Map<String, Value>>> =
        values.iter().map(|value| value.and_then(Value::as_object)).collect();
    let Some(objects) = objects else {
        let values = values.into_iter().map(Option::<&Value>::cloned).collect();
        return found.push(Difference { key, values });
    };
    let mut names: Vec<&String> = Vec::new();
    for name in objects.iter().flat_map(|object| object.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        compare(key, objects.iter().map(|object| object.get(name)).collect(), found);
    }
}

/// Refuses configs whose images are not the same, or not divided the same way.
///
/// # Errors
///
/// [`Error::Usage`].
pub fn refuse_other_images(entries: &[Entry]) -> Result<(), Error> {
    let [first, others @ ..] = entries else {
        return Ok(());
    };
    let fingerprint = first.data.fingerprint();
    for other in others {
        let same =
            other.config.data == first.config.data || other.data.fingerprint() == fingerprint;
        if !same {
            let [ours, theirs] = [first, other].map(|entry| shown(&entry.path));
            let sides = [(&ours, first), (&theirs, other)]
                .map(|(path, entry)| (path.as_str(), entry.data.classes.as_slice()));
            let classes = difference(sides[0], sides[1])
                .map_or_else(String::new, |classes| format!("; their classes differ: {classes}"));
            let mut found = Vec::new();
            let documents = [first, other].map(|entry| document(&entry.config)["data"].take());
            compare(String::from("data"), documents.iter().map(Some).collect(), &mut found);
            let said = |place: usize| {
                let value = found.first().and_then(|found| found.values[place].clone());
                value.map_or_else(|| String::from("nothing"), |value| value.to_string())
            };
            return Err(Error::Usage(format!(
                "{theirs}: uses other images than {ours}, so their figures cannot be compared: `{}` is \
                 {}, expected {}; to compare anyway, use --allow-different{classes}",
                found.first().map_or("data", |found| &found.key),
                said(1),
                said(0),
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_setting_that_differs_is_found_by_its_path() {
        let a = json!({"a": 1, "b": {"c": [1, 2], "d": 3}, "e": 0});
        let b = json!({"a": 1, "b": {"c": [1], "d": 3}, "f": null});
        let mut found = Vec::new();
        compare(String::new(), vec![Some(&a), Some(&b)], &mut found);
        let expected = [
            ("b.c", vec![Some(json!([1, 2])), Some(json!([1]))]),
            ("e", vec![Some(json!(0)), None]),
            ("f", vec![None, Some(Value::Null)]),
        ]
        .map(|(key, values)| Difference { key: key.to_string(), values });
        assert_eq!(found, expected);
    }
}
