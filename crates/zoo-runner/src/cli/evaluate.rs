//! `zoo evaluate`.

use std::path::{Path, PathBuf};

use clap::Args;
use zoo_data::{Dataset, Preprocess, Split, SplitName, shown};
use zoo_model::{Predictor, WeightsInfo};
use zoo_training::{
    Ranks,
    run_dir::{find_weights, manifest_path, metrics_path, read_json},
};

use super::{
    Output, check_data,
    flags::{Compute, Sets, tell_precision},
    other_images, print, print_json,
    ranks::together,
    run_data, table,
};
use crate::{
    Error,
    config::RunConfig,
    curves::Curves,
    evaluation::{Evaluation, OtherImages, Report, RunReport, evaluate, test_time::flipped_too},
    manifest::Manifest,
    report::{Folder, rows_of},
    together::{check_alike, check_weights, loader, loader_note, merged},
};

/// What all images of a folder or table are called in place of a split.
const ALL: &str = "all";
/// Number of pairs of confused classes to print.
const WORST_PAIRS: usize = 5;

/// Measure a run's weights on a split, or on any labelled images.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run directory, or a model.safetensors file.
    run: PathBuf,
    /// Split to evaluate; by default test, or valid if there is no test split.
    #[arg(long, value_parser = ["train", "valid", "test"])]
    split: Option<String>,
    /// A folder of photos or a table of them to measure on, all of it: labels go by the names of classes.
    #[arg(long, value_name = "FOLDER-OR-TABLE", conflicts_with_all = ["split", "config"])]
    on: Option<PathBuf>,
    /// Config that says where the images are; by default the run's own.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    compute: Compute,
    /// Write a report to this folder: a page, tables, and a prediction per image.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write to the folder even if it is not empty.
    #[arg(long, requires = "out")]
    force: bool,
    /// Average the logits of each image and its mirror image.
    #[arg(long)]
    flip: bool,
    #[command(flatten)]
    sets: Sets,
}

/// What is measured: images that the network has labels for.
struct Subject {
    data: Dataset,
    name: SplitName,
    /// Where they are no split of the run's data.
    other: Option<OtherImages>,
}

impl Evaluate {
    pub fn run(self, output: Output) -> Result<(), Error> {
        together(output, |ranks, output| self.run_as(ranks, output))
    }

    /// Evaluates; the first of several ranks writes and prints the report on all batches.
    fn run_as(&self, ranks: &Ranks, output: Output) -> Result<(), Error> {
        let weights = find_weights(&self.run)?;
        let info = WeightsInfo::read(&weights)?;
        info.check_head(&weights)?;
        let mut config = match &self.on {
            Some(on) => other_images::config(&self.run, on, &info, &self.sets.all)?,
            None => run_data::config(&self.run, self.config.as_deref(), &self.sets.all)?,
        };
        if self.config.is_some() {
            // That config says where the images are, and nothing of the run.
            config.train.precision = RunConfig::precision_of(&self.run)?;
        }
        self.compute.apply_to_rank(&mut config, ranks)?;
        config.check()?;
        let precision = config.train.precision;
        let device = config.backend.for_local_rank(ranks.local_rank()).open_for(precision)?;
        tell_precision(&config.backend, precision, output);
        let _scope = precision.enter();
        let mut subject = self.open(&config, &weights, &info)?;
        subject.data.notes.extend(loader_note(&config.loader, ranks));
        check_data(&mut subject.data, &[subject.name], output)?;
        check_alike(&config, &subject.data, ranks)?;
        let split = run_data::split(&subject.data, subject.name)?;
        let out = self.out.as_deref().filter(|_| ranks.is_first());
        let out = out.map(|out| Folder::open(out, self.force)).transpose()?;
        let Predictor { model, .. } = Predictor::open(&weights, &device)?;
        check_weights(|| model.weight_hash(), ranks)?;
        let loader = loader(split, &info.preprocess, &config.loader, &device, ranks);
        let bar = output.show().bar("evaluating", loader.num_images());
        let logits = |images| match self.flip {
            true => flipped_too(|images| model.logits(images), images),
            false => model.logits(images),
        };
        let own = evaluate(&logits, &loader, &bar)?;
        let evaluation = merged(own, config.loader.batch_size, ranks)?;
        if !ranks.is_first() {
            return Ok(());
        }
        let name = if subject.other.is_some() { ALL } else { subject.name.name() };
        let mut report = Report::of(&evaluation, name, split, &info.classes, config.metrics.top_k);
        report.on = subject.other.clone();
        if let Some(out) = &out {
            let facts = facts(&self.run, &info, &subject.data, &report);
            self.write(out, facts, &report, &evaluation, split)
                .map_err(|error| Error::Failed(error.to_string()))?;
        }
        match (output.json, &self.out) {
            (true, _) => print_json(&report),
            (false, None) => print(&text(&report)),
            (false, Some(out)) => {
                print(&format!("{}\n\n{}", text(&report), shown(&out.join("index.html"))))
            }
        }
    }

    fn open(
        &self,
        config: &RunConfig,
        weights: &Path,
        info: &WeightsInfo,
    ) -> Result<Subject, Error> {
        match &self.on {
            Some(on) => {
                let (data, other) = other_images::open(config, on, info)?;
                Ok(Subject { data, name: SplitName::Test, other: Some(other) })
            }
            None => {
                let data = run_data::open(config, weights, info)?;
                let name = run_data::split_name(self.split.as_deref(), &data);
                Ok(Subject { data, name, other: None })
            }
        }
    }

    fn write(
        &self,
        out: &Folder,
        facts: Vec<(&'static str, String)>,
        report: &Report,
        evaluation: &Evaluation,
        split: &Split,
    ) -> Result<(), Error> {
        let title = format!("{} on {}", shown(&self.run), report.subject());
        // Bare weights come without.
        let metrics = Some(metrics_path(&self.run)).filter(|metrics| metrics.exists());
        let curves = metrics.as_deref().map(Curves::read).transpose()?;
        RunReport { title, facts, report, evaluation, split, curves }.write(out)
    }
}

/// Facts about a run for the page, besides its figures.
fn facts(
    run: &Path,
    info: &WeightsInfo,
    data: &Dataset,
    report: &Report,
) -> Vec<(&'static str, String)> {
    let Preprocess { image_size, resize, .. } = &info.preprocess;
    // Bare weights come without.
    let manifest = read_json::<Manifest>(&manifest_path(run)).ok();
    let resize = format!("{resize:?}").to_lowercase();
    let mut facts = vec![
        ("run", shown(run)),
        ("model", info.model.name().to_string()),
        ("data", format!("{}, {}", data.name, report.subject())),
        ("classes", info.classes.len().to_string()),
        ("image size", format!("{image_size} × {image_size} pixels, {resize}")),
        ("speed", format!("{:.0} images per second", report.images_per_second)),
    ];
    let steered = manifest.and_then(|manifest| manifest.steering());
    facts.extend(steered.map(|told| ("steered by hand", told)));
    facts
}

/// The report as text. Classes that were neither shown nor predicted are left out.
pub fn text(report: &Report) -> String {
    let percent = |value: Option<f64>| {
        value.map_or_else(|| String::from("-"), |value| format!("{:.1} %", 100.0 * value))
    };
    let table = table(&rows_of(
        report.per_class.iter().filter(|class| class.f1.is_some()),
        &[
            ("class", &|class| class.class.clone()),
            ("images", &|class| class.images.to_string()),
            ("precision", &|class| percent(class.precision)),
            ("recall", &|class| percent(class.recall)),
            ("f1", &|class| percent(class.f1)),
        ],
    ));
    format!("{table}\n\n{}{}", confusions(report), line(report))
}

/// The most confused classes in one line, if there are any.
fn confusions(report: &Report) -> String {
    let worst = report.most_confused.iter().take(WORST_PAIRS);
    let worst: Vec<String> = worst
        .map(|pair| format!("{} as {} {} ×", pair.class, pair.prediction, pair.images))
        .collect();
    match worst.is_empty() {
        true => String::new(),
        false => format!("most confused: {}\n", worst.join(", ")),
    }
}

/// The report in one line.
pub fn line(report: &Report) -> String {
    let name = report.on.as_ref().map_or(&report.split, |other| &other.path);
    let top_k = match report.top_k_tells() {
        true => format!("top-{} {:.2} %, ", report.top_k, 100.0 * report.top_k_accuracy),
        false => String::new(),
    };
    format!(
        "{name}: accuracy {:.2} %, {top_k}loss {:.4}, {} images at {:.0} images/s",
        100.0 * report.accuracy,
        report.loss,
        report.images,
        report.images_per_second,
    )
}
