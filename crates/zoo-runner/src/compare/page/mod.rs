//! The report of a comparison: one page that needs nothing else, and its twins for machines and for
//! Markdown.

mod charts;
mod gallery;
mod table;
mod tables;

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zoo_training::run_dir::write_json;

use self::{
    charts::Charts,
    gallery::Group,
    tables::{Tables, values},
};
use crate::{
    Error,
    compare::{Compared, Comparison, EntryFigures, LOOKED_AT},
    evaluation::{CalibrationBin, Matrix, confusion_table},
    report::{Folder, SORT_SCRIPT, cell, csv, render, rows_of},
};

/// A matrix of more classes is too large to be carried along as a table.
const CARRIED_CLASSES: usize = 100;

/// What the templates `comparison.html` and `comparison.md` are filled with.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    version: &'static str,
    facts: Vec<(&'static str, String)>,
    names: Vec<&'a str>,
    conclusions: &'a [String],
    failed: Vec<(&'a str, &'a str)>,
    differences: Vec<(&'a str, Vec<String>)>,
    tables: Tables,
    charts: Charts,
    matrices: Vec<Confused<'a>>,
    calibrations: Vec<Calibrated<'a>>,
    gallery: Vec<Group>,
    configs: Vec<(&'a str, String)>,
    manifests: Vec<(&'a str, String)>,
    corrupted_images: usize,
    looked_at: usize,
    script_hash: String,
}

#[derive(Serialize)]
struct Confused<'a> {
    entry: &'a str,
    matrix: Matrix,
    /// The whole matrix as a CSV file, unless it is too large.
    data: Option<String>,
}

#[derive(Serialize)]
struct Calibrated<'a> {
    entry: &'a str,
    bins: &'a [CalibrationBin],
    data: String,
}

/// Writes `index.html`, `report.json` and `report.md`.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be written.
pub fn write_comparison(compared: &Compared, folder: &Folder) -> Result<(), Error> {
    let page = page(compared);
    for (template, name) in [("comparison.html", "index.html"), ("comparison.md", "report.md")] {
        let path = folder.file(name);
        fs::write(&path, render(template, &page)? + "\n").map_err(Error::io(&path))?;
    }
    write_json(&folder.file("report.json"), &compared.comparison)?;
    Ok(())
}

fn page(compared: &Compared) -> Page<'_> {
    let comparison = &compared.comparison;
    let entries = &comparison.entries;
    let script = SORT_SCRIPT.strip_suffix('\n').unwrap_or(SORT_SCRIPT);
    Page {
        title: title(comparison),
        version: comparison.zoo_version,
        facts: facts(comparison),
        names: entries.iter().map(|entry| entry.name.as_str()).collect(),
        conclusions: &comparison.conclusions,
        failed: comparison
            .runs
            .iter()
            .filter_map(|run| Some((run.name.as_str(), run.error.as_deref()?)))
            .collect(),
        differences: comparison
            .differences
            .iter()
            .map(|difference| (difference.key.as_str(), values(difference)))
            .collect(),
        tables: Tables::of(comparison),
        charts: Charts::of(comparison),
        matrices: entries.iter().filter_map(|entry| confused(entry, comparison)).collect(),
        calibrations: entries.iter().filter_map(calibrated).collect(),
        gallery: gallery::groups(compared),
        configs: entries.iter().map(|entry| (entry.name.as_str(), pretty(&entry.config))).collect(),
        manifests: comparison
            .runs
            .iter()
            .filter_map(|run| Some((run.name.as_str(), pretty(&json!(run.manifest.as_ref()?)))))
            .collect(),
        corrupted_images: comparison.corrupted_images,
        looked_at: LOOKED_AT,
        script_hash: BASE64_STANDARD.encode(Sha256::digest(script)),
    }
}

fn title(comparison: &Comparison) -> String {
    let names: Vec<&str> = comparison.entries.iter().map(|entry| entry.name.as_str()).collect();
    format!("{} on {}", names.join(", "), comparison.data.name)
}

fn facts(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let list = |values: Vec<String>| values.join(", ");
    let budget = comparison.budget.map(|budget| budget.to_string());
    vec![
        ("measured on", format!("{} images of the {} split", comparison.images, comparison.split)),
        ("classes", comparison.classes.len().to_string()),
        ("training images", comparison.data.train.to_string()),
        ("budget per run", budget.unwrap_or_else(|| String::from("each config's own"))),
        ("seeds", list(comparison.seeds.iter().map(u64::to_string).collect())),
        (
            "of the training images",
            list(comparison.fractions.iter().map(|part| format!("{} %", 100.0 * part)).collect()),
        ),
        ("machine", comparison.machine.clone()),
        ("made by", format!("zoo {}", comparison.command.join(" "))),
    ]
}

fn confused<'a>(entry: &'a EntryFigures, comparison: &Comparison) -> Option<Confused<'a>> {
    entry.accuracy?;
    let (classes, counts) = (&comparison.classes, &entry.confusion_matrix);
    let is_carried = classes.len() <= CARRIED_CLASSES;
    Some(Confused {
        entry: &entry.name,
        matrix: Matrix::of(classes, counts),
        data: is_carried.then(|| csv_uri(confusion_table(classes, counts))),
    })
}

fn calibrated(entry: &EntryFigures) -> Option<Calibrated<'_>> {
    let bins = &entry.calibration.as_ref()?.bins;
    let data = csv_uri(rows_of(
        bins,
        &[
            ("from", &|bin| bin.from.to_string()),
            ("to", &|bin| bin.to.to_string()),
            ("images", &|bin| bin.images.to_string()),
            ("probability", &|bin| cell(bin.probability)),
            ("accuracy", &|bin| cell(bin.accuracy)),
        ],
    ));
    Some(Calibrated { entry: &entry.name, bins, data })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// A table as an address that holds it as a CSV file.
fn csv_uri(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    format!("data:text/csv;base64,{}", BASE64_STANDARD.encode(csv(rows)))
}

#[cfg(test)]
mod tests;
