//! Labelled images from elsewhere, for a network that knows their classes by name.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use zoo_data::{DataConfig, Dataset, PreprocessConfig, SplitConfig, shown, spelled};
use zoo_model::WeightsInfo;
use zoo_training::{
    run_dir::{config_path, read_json},
    words::nearest,
};

use crate::{
    Error,
    config::RunConfig,
    evaluation::{OtherImages, UnknownClass},
};

/// So many names of classes are told.
const TOLD: usize = 10;

/// The config to measure with on the folder or table `on`: the run's own, or the defaults for bare
/// weights, with all images of `on` as its data.
///
/// # Errors
///
/// [`Error::Usage`] if there is no such folder or table, or `sets` say something about the data that is
/// decided by `on` and the weights; those of [`RunConfig::parse`].
pub fn config(
    run: &Path,
    on: &Path,
    info: &WeightsInfo,
    sets: &[String],
) -> Result<RunConfig, Error> {
    let (data, key) = match (on.is_dir(), on.exists()) {
        (true, _) => ("folder", "root"),
        (false, true) => ("manifest", "path"),
        (false, false) => {
            let on = shown(on);
            return Err(Error::Usage(format!("--on {on}: there is no such folder or table")));
        }
    };
    let own = config_path(run);
    let mut document: Value = match own.is_file() {
        true => read_json(&own)?,
        false => json!({"model": info.model}),
    };
    document["data"] = json!({data: {key: ""}});
    let mut config = RunConfig::parse(&document.to_string(), "--on", sets)?;
    let place = match &mut config.data {
        DataConfig::Folder(folder) if is_open(&folder.split, &folder.preprocess) => {
            Some(&mut folder.root)
        }
        DataConfig::Manifest(table) if is_open(&table.split, &table.preprocess) => {
            Some(&mut table.path)
        }
        _ => None,
    };
    match place {
        Some(place) if *place == PathBuf::new() => *place = on.to_path_buf(),
        _ => {
            return Err(Error::Usage(String::from(
                "--set data: --on says where the images are and takes all, and the weights say how they are \
                 prepared; expected on_unreadable or cache_mb, and root for a table",
            )));
        }
    }
    Ok(config)
}

fn is_open(split: &SplitConfig, preprocess: &PreprocessConfig) -> bool {
    *split == SplitConfig::default() && *preprocess == PreprocessConfig::default()
}

/// Opens the images that `config` names for a network that knows the classes of `info`, as a test split;
/// with what the two have not in common, which the data's notes say too.
///
/// # Errors
///
/// [`Error::Data`] if they cannot be opened, [`Error::Run`] if the network knows none of their classes,
/// or knows one twice.
pub fn open(
    config: &RunConfig,
    on: &Path,
    info: &WeightsInfo,
) -> Result<(Dataset, OtherImages), Error> {
    let data = config.data.open_all()?;
    let labels = labels(on, &data.classes, &info.classes)?;
    let images = |data: &Dataset| {
        let counts = data.test.as_ref().map(|test| test.class_counts(data.classes.len()));
        counts.unwrap_or_default()
    };
    let unknown = data.classes.iter().zip(&labels).zip(images(&data));
    let unknown_classes: Vec<UnknownClass> = unknown
        .filter(|((_, label), images)| label.is_none() && *images > 0)
        .map(|((class, _), images)| UnknownClass { class: class.clone(), images })
        .collect();
    let found = data.classes.clone();
    let mut data = data.relabelled(info.classes.clone(), labels);
    let counts = images(&data);
    if counts.iter().all(|&images| images == 0) {
        return Err(Error::run(
            on,
            format!(
                "has no image of a class that the network knows: it has {}, the network knows {}",
                list(&found),
                list(&info.classes)
            ),
        ));
    }
    let missing = info.classes.iter().zip(counts).filter(|(_, images)| *images == 0);
    let missing_classes: Vec<String> = missing.map(|(class, _)| class.clone()).collect();
    let other = OtherImages { path: shown(on), missing_classes, unknown_classes };
    data.notes.extend(notes(&other, &info.classes));
    Ok((data, other))
}

/// The network's label of each class that was found; none for those that it does not know.
fn labels(on: &Path, found: &[String], known: &[String]) -> Result<Vec<Option<usize>>, Error> {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (label, class) in known.iter().enumerate() {
        by_name.entry(spelled(class)).or_default().push(label);
    }
    let label = |class: &String| match by_name.get(&spelled(class)).map(Vec::as_slice) {
        None => Ok(None),
        Some(&[label]) => Ok(Some(label)),
        Some(several) => {
            let labels = several.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ");
            let message =
                format!("the network has several classes of the name `{class}`: labels {labels}");
            Err(Error::run(on, message))
        }
    };
    found.iter().map(label).collect()
}

/// What the user should know about classes that only one side has.
fn notes(other: &OtherImages, known: &[String]) -> Vec<String> {
    let OtherImages { path, missing_classes, unknown_classes } = other;
    let mut notes = Vec::new();
    if !unknown_classes.is_empty() {
        let images: usize = unknown_classes.iter().map(|unknown| unknown.images).sum();
        // Of many classes only the first are told, and to look for what was meant takes its time.
        let names = unknown_classes.iter().enumerate().map(|(place, unknown)| {
            let meant = if place < TOLD { meant(&unknown.class, known) } else { None };
            let hint = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
            unknown.class.clone() + &hint
        });
        notes.push(format!(
            "{path}: images of classes that the network does not know, left out: {images}, of {}",
            list(&names.collect::<Vec<_>>())
        ));
    }
    if !missing_classes.is_empty() {
        notes.push(format!(
            "{path}: no images of {} of the network's {} classes: {}",
            missing_classes.len(),
            known.len(),
            list(missing_classes)
        ));
    }
    notes
}

/// The class that was meant by a name that differs in its letters' case or a little more.
fn meant<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let known_in_lower_case: Vec<String> = known.iter().map(|class| class.to_lowercase()).collect();
    let near = nearest(&name.to_lowercase(), known_in_lower_case.iter().map(String::as_str))?;
    known_in_lower_case.iter().position(|class| class == near).map(|label| &known[label])
}

/// Names in a sentence, the first of many.
fn list(names: &[String]) -> String {
    let told = names[..names.len().min(TOLD)].join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn labels_go_by_name_whatever_the_order() {
        let on = Path::new("photos");
        let known = names(&["bee", "ant", "crane", "crane", "caf\u{e9}"]);
        let found = labels(on, &names(&["ant", "bee", "cat", "cafe\u{301}"]), &known).unwrap();
        assert_eq!(found, [Some(1), Some(0), None, Some(4)]);
        let error = labels(on, &names(&["crane"]), &known).unwrap_err().to_string();
        assert_eq!(
            error,
            "photos: the network has several classes of the name `crane`: labels 2 and 3"
        );
    }

    #[test]
    fn the_first_of_many_names_are_told() {
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(list(&many), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert_eq!(list(&many[..2]), "0, 1");
    }
}
