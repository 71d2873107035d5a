//! From a file and `--set` flags to a [`RunConfig`].

use std::{io::ErrorKind, path::Path};

use json_strip_comments::strip_comments_in_place;
use serde_json::{Map, Value};
use zoo_data::{shown, utf8};
use zoo_kernels::Precision;
use zoo_training::run_dir::{config_path, holds_run};

use super::{RunConfig, shipped, suggest::explain};
use crate::Error;

/// Keys whose value is a choice with one tag: setting another tag replaces the choice.
const CHOICES: [&str; 5] = ["data", "model", "loss", "optimizer", "schedule"];

impl RunConfig {
    /// Reads `path`, or the shipped config of that name where there is no such file, then applies the
    /// `KEY=VALUE` of `sets`. Does not [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with line and column for an error in the file, with the key for an error
    /// in a `--set`; [`Error::Io`] if the file cannot be read, [`Error::Usage`] if no config has that
    /// name.
    pub fn load(path: &Path, sets: &[String]) -> Result<Self, Error> {
        let origin = shown(path);
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Self::parse(shipped::named(path, error)?, &origin, sets);
            }
            read => read.map_err(Error::io(path))?,
        };
        let text = utf8(bytes).map_err(|error| Error::Config {
            origin: format!("{origin}:{}", error.line),
            message: error.to_string(),
        })?;
        Self::parse(&text, &origin, sets)
    }

    /// The config that a finished or running run was started with, with `sets` laid over it.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if `run` is no run directory, and all of [`load`](Self::load).
    pub fn of_run(run: &Path, sets: &[String]) -> Result<Self, Error> {
        let path = config_path(run);
        if !path.is_file() {
            let message =
                "is not a run directory: it contains no config.json; name the data with --config";
            return Err(Error::run(run, message));
        }
        Self::load(&path, sets)
    }

    /// The precision in which a run was trained; f32 for anything else.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the run's config cannot be read.
    pub fn precision_of(run: &Path) -> Result<Precision, Error> {
        match holds_run(run) {
            true => Ok(Self::of_run(run, &[])?.train.precision),
            false => Ok(Precision::F32),
        }
    }

    /// The config in `text`, which may have comments, with the `KEY=VALUE` of `sets` applied. `origin`
    /// is what errors call the text.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], as for [`load`](Self::load).
    pub fn parse(text: &str, origin: &str, sets: &[String]) -> Result<Self, Error> {
        let blanked = without_comments(text);
        let text = blanked.as_deref().unwrap_or(text);
        let config = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            Error::Config {
                origin: format!("{origin}:{}:{}", error.line(), error.column()),
                message: explain(message),
            }
        })?;
        if sets.is_empty() {
            return Ok(config);
        }
        // The text has parsed once, so it is JSON.
        let mut value: Value = serde_json::from_str(text).map_err(|error| Error::Config {
            origin: origin.to_string(),
            message: error.to_string(),
        })?;
        for set in sets {
            apply(&mut value, set)?;
        }
        Self::from_value(value)
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        serde_path_to_error::deserialize(value).map_err(|error| Error::Config {
            origin: format!("--set {}", error.path()),
            message: explain(&error.inner().to_string()),
        })
    }
}

/// Applies one `KEY.PATH=VALUE` to `config`; VALUE is JSON if it parses, else a string.
fn apply(config: &mut Value, set: &str) -> Result<(), Error> {
    let (key, text) = set.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        Error::Usage(format!("--set {set}: expected KEY.PATH=VALUE, as in train.epochs=5"))
    })?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string()));
    let path: Vec<&str> = key.split('.').collect();
    let mut place = config;
    for (depth, name) in path.iter().enumerate() {
        let is_tag = depth == 1 && CHOICES.contains(&path[0]);
        let object = object_at(place, &path[..depth])?;
        if is_tag && !object.contains_key(*name) {
            object.clear();
        }
        place = object.entry(*name).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    Ok(())
}

fn object_at<'a>(value: &'a mut Value, path: &[&str]) -> Result<&'a mut Map<String, Value>, Error> {
    value.as_object_mut().ok_or_else(|| Error::Config {
        origin: format!("--set {}", path.join(".")),
        message: String::from("is a plain value and has no keys below it"),
    })
}

/// The text with blanks for comments, so that all else keeps its line and column; `None` where a
/// comment does not end, of which the reader of JSON tells the place.
fn without_comments(text: &str) -> Option<String> {
    let mut blanked = text.to_string();
    strip_comments_in_place(&mut blanked).ok()?;
    // A comment of several lines has become one.
    let lines = text.bytes().zip(blanked.bytes());
    let restored = lines.map(|(old, new)| if old == b'\n' { old } else { new }).collect();
    String::from_utf8(restored).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(mut config: Value, sets: &[&str]) -> Value {
        for text in sets {
            apply(&mut config, text).unwrap();
        }
        config
    }

    #[test]
    fn a_value_is_json_where_it_parses_else_a_string() {
        let config = set(json!({}), &["a=1", "b.c=true", "d=photos/x y", "e=[1,2]"]);
        assert_eq!(config, json!({"a": 1, "b": {"c": true}, "d": "photos/x y", "e": [1, 2]}));
    }

    #[test]
    fn another_tag_replaces_the_choice_and_the_same_tag_keeps_it() {
        let config = json!({"model": {"vit": {"depth": 6}}, "train": {"epochs": 1}});
        assert_eq!(
            set(config.clone(), &["model.vit.patch_size=4", "train.steps=3"]),
            json!({"model": {"vit": {"depth": 6, "patch_size": 4}}, "train": {"epochs": 1, "steps": 3}})
        );
        assert_eq!(
            set(config, &["model.cnn.dropout=0.5"])["model"],
            json!({"cnn": {"dropout": 0.5}})
        );
    }

    #[test]
    fn a_key_below_a_plain_value_is_refused() {
        let error = apply(&mut json!({"seed": 1}), "seed.x=2").unwrap_err();
        assert_eq!(error.to_string(), "--set seed: is a plain value and has no keys below it");
    }

    #[test]
    fn comments_are_read_over_and_lines_still_counted() {
        let text = "{\n  // The images. \"x\": 1\n  \"data\": {\"sea\": {}}, /* two\n lines */\n  \"model\": {\"cnn\": {}},\n}";
        assert!(RunConfig::parse(text, "x", &[]).is_ok());
        let error = RunConfig::parse(&text.replace("cnn", "cnm"), "x", &[]).unwrap_err();
        assert!(error.to_string().starts_with("x:5:"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_told_by_line_and_column() {
        let text = "{\n  \"data\": {\"sea\": {}},\n  \"model\": {\"vit\": {\"depth\": \"six\"}}\n}";
        let error = RunConfig::parse(text, "x.json", &[]).unwrap_err();
        assert_eq!(error.to_string(), "x.json:3:34: invalid type: string \"six\", expected usize");
    }
}
