//! What is compared: configs with a name, a network fitted to its data, and the data.

use std::path::{Path, PathBuf};

use serde_json::Value;
use zoo_data::{Dataset, shown};
use zoo_model::DataShape;
use zoo_training::progress::Show;

use crate::{
    Error,
    backend::BackendChoice,
    config::{RunConfig, first_difference, refuse},
    image_check::check_images,
};

/// A config under comparison.
pub struct Entry {
    /// The config's file name without its extension, numbered if several share it.
    pub name: String,
    /// The config's file.
    pub path: PathBuf,
    /// The config, its network fitted to the data.
    pub config: RunConfig,
    /// The images.
    pub data: Dataset,
}

/// Reads the configs, applies `sets` to each, and opens their data.
///
/// # Errors
///
/// [`Error::Usage`] for fewer than two configs and for the same one twice, and whatever is wrong
/// with a config or its data.
pub fn load(
    paths: &[PathBuf],
    sets: &[String],
    backend: Option<&BackendChoice>,
    show: Show,
) -> Result<Vec<Entry>, Error> {
    let mut configs = Vec::new();
    for path in paths {
        let mut config = RunConfig::load(path, sets)?;
        if let Some(backend) = backend {
            config.backend = backend.clone();
        }
        config.check()?;
        configs.push((path, config));
    }
    refuse_too_few(paths)?;
    refuse_twins(&configs)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (path, mut config) in configs {
        let known = entries.iter().find(|entry| entry.config.data == config.data);
        let data = match known {
            Some(entry) => entry.data.clone(),
            None => open(&config, show)?,
        };
        let fitted = config.model.fit_to(DataShape::of(&data));
        config.model = fitted.map_err(|message| refuse("model", message))?;
        let name = unused_name(path, &entries);
        entries.push(Entry { name, path: path.clone(), config, data });
    }
    Ok(entries)
}

fn open(config: &RunConfig, show: Show) -> Result<Dataset, Error> {
    let mut data = config.data.open()?;
    let (measured, _) = data.measured();
    check_images(&mut data, &[measured], show)?;
    Ok(data)
}

fn refuse_too_few(paths: &[PathBuf]) -> Result<(), Error> {
    match paths {
        [one] => Err(Error::Usage(format!(
            "{}: expected at least two configs to compare; use `zoo train` for a single one",
            shown(one)
        ))),
        _ => Ok(()),
    }
}

/// Refuses two configs that say the same.
fn refuse_twins(configs: &[(&PathBuf, RunConfig)]) -> Result<(), Error> {
    for (place, (path, config)) in configs.iter().enumerate() {
        let twin = configs[..place].iter().find(|(_, other)| {
            let mut other = other.clone();
            // Every config is trained with the same seeds.
            other.seed = config.seed;
            first_difference(&other, config).is_none()
        });
        if let Some((twin, _)) = twin {
            let message = match twin == path {
                true => String::from("is given twice; expected different configs"),
                false => {
                    format!("trains exactly like {}; expected different configs", shown(twin))
                }
            };
            return Err(Error::Usage(format!("{}: {message}", shown(path))));
        }
    }
    Ok(())
}

fn unused_name(path: &Path, entries: &[Entry]) -> String {
    let stem = shown(Path::new(path.file_stem().unwrap_or_default()));
    let is_free = |name: &String| entries.iter().all(|entry| entry.name != *name);
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.clone()).chain(numbered).find(is_free).unwrap_or(stem)
}

/// A config as a document, with every default filled in.
pub fn document(config: &RunConfig) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}
