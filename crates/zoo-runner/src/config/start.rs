//! A config to start from, for a model and data that a user names.

use std::path::Path;

use serde_json::{Value, json};
use zoo_data::{DataConfig, meant, shown};
use zoo_model::ModelSettings;
use zoo_training::words::unknown;

use super::shipped;
use crate::Error;

/// Sides in pixels of photos, for a recipe that was made for smaller images.
const SMALL_PHOTOS: usize = 64;

/// How the names of tables of photos end.
const TABLES: [&str; 3] = ["csv", "tsv", "jsonl"];

/// A config to start from.
pub struct Start {
    /// A name for it.
    pub name: String,
    /// The config.
    pub config: Value,
}

/// The shipped recipe of `model` that comes nearest to `data`, for that data: the name of a data set, a
/// folder of photos, or a table of photos.
///
/// # Errors
///
/// [`Error::Usage`] if there is no such model or data.
pub fn start(model: &str, data: &str) -> Result<Start, Error> {
    if !ModelSettings::NAMES.contains(&model) {
        return Err(Error::Usage(unknown("model", model, ModelSettings::NAMES.iter().copied())));
    }
    let Data { name, kind, mut settings } = Data::of(data)?;
    let (base, text) = recipe(model, kind)
        .ok_or_else(|| Error::Usage(format!("no shipped config trains `{model}`")))?;
    let mut config: Value = serde_json::from_str(text)
        .map_err(|error| Error::Failed(format!("the shipped config {base}: {error}")))?;
    let name = format!("{model}-{name}");
    let recipe = |key: &str| config["about"][key].clone();
    let about = json!({
        "what": format!("{model} on {data}, by the recipe of {base}."),
        "paper": recipe("paper"),
        "result": "not measured yet",
        "cost": "not measured yet",
        "command": format!("zoo train {name}.jsonc"),
    });
    let of_base = &config["data"][kind];
    if let (Value::Object(settings), Value::Object(of_base)) = (&mut settings, of_base) {
        let new = of_base.iter().filter(|(key, _)| !["root", "path"].contains(&key.as_str()));
        let new: Vec<_> = new.map(|(key, value)| (key.clone(), value.clone())).collect();
        settings.extend(new);
    } else if ["folder", "manifest"].contains(&kind) {
        settings["preprocess"] = json!({"image_size": SMALL_PHOTOS});
    }
    config["data"] = json!({kind: settings});
    config["about"] = about;
    if let Value::Object(config) = &mut config {
        config.shift_remove("$schema");
    }
    Ok(Start { name, config })
}

/// Data that a user has named.
struct Data {
    name: String,
    kind: &'static str,
    settings: Value,
}

impl Data {
    fn of(data: &str) -> Result<Self, Error> {
        let path = meant(Path::new(data));
        let stem = || shown(Path::new(path.file_stem().unwrap_or_default())).replace(' ', "-");
        let known = DataConfig::NAMES.iter().filter(|name| !["folder", "manifest"].contains(name));
        match known.clone().find(|name| **name == data) {
            Some(kind) => Ok(Self { name: data.to_string(), kind, settings: json!({}) }),
            None if path.is_dir() => {
                Ok(Self { name: stem(), kind: "folder", settings: json!({"root": data}) })
            }
            None if path.is_file() && is_table(&path) => {
                Ok(Self { name: stem(), kind: "manifest", settings: json!({"path": data}) })
            }
            None => Err(Error::Usage(format!(
                "{} A folder of photos or a table of them ({}) is expected otherwise, and there is none at {}.",
                unknown("data set", data, known.copied()),
                TABLES.map(|ending| format!(".{ending}")).join(", "),
                shown(&path)
            ))),
        }
    }
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| TABLES.iter().any(|known| ending == *known))
}

/// The name and text of the shipped config of `model` that is nearest to data of that kind: for the
/// same, for images of the same size, for photos, or any.
fn recipe(model: &str, kind: &str) -> Option<(String, &'static str)> {
    let alike = match kind {
        "mnist" => "fashion-mnist",
        "cifar100" => "cifar10",
        "manifest" => "folder",
        kind => kind,
    };
    let named = [kind, alike, "sea"].map(|data| format!("{model}-{data}"));
    let any = shipped::names().into_iter().filter(|name| name.starts_with(&format!("{model}-")));
    let names = named.into_iter().chain(any.map(String::from));
    names.into_iter().find_map(|name| shipped::text(&name).map(|text| (name, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;

    #[test]
    fn every_model_has_a_start_for_all_data() {
        let photos = tempfile::tempdir().unwrap();
        let table = photos.path().join("table.csv");
        std::fs::write(&table, "image,label\n").unwrap();
        let places = [photos.path(), &table].map(|path| path.to_str().unwrap());
        let known = ["sea", "mnist", "fashion-mnist", "cifar10", "cifar100"];
        for model in ModelSettings::NAMES {
            for data in known.into_iter().chain(places) {
                let Start { config, .. } = start(model, data).unwrap();
                let text = super::super::commented::commented(&config);
                let read = RunConfig::parse(&text, "x", &[]);
                let read = read.unwrap_or_else(|error| panic!("{model} {data}: {error}\n{text}"));
                read.check().unwrap_or_else(|error| panic!("{model} {data}: {error}"));
                assert_eq!(read.model.name(), *model);
            }
        }
    }

    #[test]
    fn the_nearest_recipe_is_taken() {
        let base = |model, kind| recipe(model, kind).unwrap().0;
        assert_eq!(base("vit", "cifar100"), "vit-cifar10");
        assert_eq!(base("vit", "manifest"), "vit-folder");
        assert_eq!(base("cnn", "folder"), "cnn-sea");
    }

    #[test]
    fn unknown_names_are_refused() {
        let refused = |model, data| start(model, data).err().unwrap().to_string();
        let message = refused("vitt", "sea");
        assert!(
            message.starts_with("unknown model `vitt`, did you mean `vit`? Known: "),
            "{message}"
        );
        assert_eq!(
            refused("cnn", "see"),
            "unknown data set `see`, did you mean `sea`? Known: sea, mnist, fashion-mnist, cifar10, \
             cifar100. A folder of photos or a table of them (.csv, .tsv, .jsonl) is expected otherwise, and \
             there is none at see."
        );
        let photo = tempfile::NamedTempFile::with_suffix(".png").unwrap();
        let message = refused("cnn", photo.path().to_str().unwrap());
        assert!(message.starts_with("unknown data set `"), "{message}");
    }
}
