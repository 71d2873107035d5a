//! The report of one run: figures, tables and a page.

mod confusion;
mod tables;

use std::fs;

use serde::Serialize;
use zoo_data::Split;
use zoo_model::ZOO_VERSION;
use zoo_training::run_dir::write_json;

use super::{ClassReport, Evaluation, HardImage, Report};
use crate::{
    Error,
    curves::Curves,
    report::{Chart, Folder, data_uri, render, write_csv},
};

pub use confusion::Matrix;
pub(crate) use tables::confusion as confusion_table;

/// Up to this many classes, the page lists all.
const ALL_CLASSES: usize = 100;
/// Of more, this many with the lowest F1.
const WORST_CLASSES: usize = 50;

/// All that the report of a run is made of.
pub struct RunReport<'a> {
    /// What the page is called.
    pub title: String,
    /// What was measured, with what: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// The figures.
    pub report: &'a Report,
    /// What they were counted from.
    pub evaluation: &'a Evaluation,
    /// The images.
    pub split: &'a Split,
    /// How training went, if that is known.
    pub curves: Option<Curves>,
}

/// What the template `run.html` is filled with.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    facts: &'a [(&'static str, String)],
    version: &'static str,
    report: &'a Report,
    subject: String,
    top_k_tells: bool,
    classes: Vec<&'a ClassReport>,
    matrix: Matrix,
    charts: Vec<Chart>,
    hardest: Vec<Hard<'a>>,
}

#[derive(Serialize)]
struct Hard<'a> {
    #[serde(flatten)]
    image: &'a HardImage,
    /// None where the image cannot be read any more.
    picture: Option<String>,
}

impl RunReport<'_> {
    /// Writes `index.html`, `report.json`, `per-class.csv`, `confusion.csv` and `predictions.csv`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<(), Error> {
        write_json(&folder.file("report.json"), self.report)?;
        write_csv(&folder.file("per-class.csv"), tables::per_class(self.report))?;
        let confusion = tables::confusion(&self.class_names(), &self.report.confusion_matrix);
        write_csv(&folder.file("confusion.csv"), confusion)?;
        let predictions = tables::predictions(self.evaluation, self.split, self.report);
        write_csv(&folder.file("predictions.csv"), predictions)?;
        let page = folder.file("index.html");
        fs::write(&page, self.page()?).map_err(Error::io(&page))
    }

    fn page(&self) -> Result<String, Error> {
        let hard = |image| Hard { image, picture: self.picture(image) };
        let page = Page {
            title: &self.title,
            facts: &self.facts,
            version: ZOO_VERSION,
            report: self.report,
            subject: self.report.subject(),
            top_k_tells: self.report.top_k_tells(),
            classes: listed(&self.report.per_class),
            matrix: Matrix::of(&self.class_names(), &self.report.confusion_matrix),
            charts: self.curves.as_ref().map_or_else(Vec::new, Curves::charts),
            hardest: self.report.hardest.iter().map(hard).collect(),
        };
        render("run.html", page)
    }

    fn class_names(&self) -> Vec<String> {
        self.report.per_class.iter().map(|class| class.class.clone()).collect()
    }

    fn picture(&self, image: &HardImage) -> Option<String> {
        self.split.source().image(image.index).ok().map(|image| data_uri(&image))
    }
}

/// The classes that are listed: all in the order of labels, or the worst of many.
fn listed(classes: &[ClassReport]) -> Vec<&ClassReport> {
    let mut listed: Vec<&ClassReport> = classes.iter().collect();
    if listed.len() > ALL_CLASSES {
        let f1 = |class: &ClassReport| class.f1.unwrap_or(f64::INFINITY);
        listed.sort_by(|a, b| f1(a).total_cmp(&f1(b)));
        listed.truncate(WORST_CLASSES);
    }
    listed
}

#[cfg(test)]
mod tests;
