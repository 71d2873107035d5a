//! `zoo compare`.

use std::path::PathBuf;

use clap::Args;
use zoo_data::shown;
use zoo_training::{Stop, run_dir::Existing};

use super::{
    Output,
    flags::{Compute, Sets},
    print, print_json, table,
    train::{resume_command, stop_on_signals},
};
use crate::{
    Error,
    compare::{Comparison, Extent, Prepared, Request, SharedBudget, Summary, write_comparison},
    report::{Folder, rows_of},
};

/// Train several configs under one budget, and report which is better.
#[derive(Debug, Args)]
pub struct Compare {
    /// Two or more JSON configs.
    #[arg(required = true, value_name = "CONFIG")]
    configs: Vec<PathBuf>,
    /// Number of runs per config, with seeds from 0.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Length of each run, in place of the configs' own.
    #[arg(long, value_name = "epochs|steps|images|seconds|flops=N")]
    budget: Option<SharedBudget>,
    /// Fractions of the train split to train on, separated by commas.
    #[arg(long, value_name = "F,…", value_delimiter = ',', value_parser = fraction)]
    fractions: Vec<f64>,
    /// Folder for the runs and the report.
    #[arg(long, value_name = "DIR", default_value = "comparison")]
    out: PathBuf,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    sets: Sets,
    /// Compare even if the images differ.
    #[arg(long)]
    allow_different: bool,
    /// Resume or extend a comparison, reusing what is there.
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Start over if the folder is not empty.
    #[arg(long)]
    force: bool,
}

impl Compare {
    pub fn run(self, output: Output) -> Result<(), Error> {
        self.compute.threads.apply()?;
        let show = output.show();
        let advice =
            "resume it with --resume, start over with --force, or choose another folder with --out";
        Folder::check(&self.out, self.resume || self.force, advice)?;
        let prepared = Prepared::new(self.request(), show)?;
        if !output.quiet {
            for difference in prepared.differences() {
                eprintln!("note: the configs differ in {}", difference.key);
            }
        }
        let out = Folder::open(&self.out, true)?;
        let stop = Stop::default();
        stop_on_signals(&stop, true)?;
        let compared = prepared.run(show, &stop).inspect_err(|error| {
            if matches!(error, Error::Paused { .. }) {
                eprintln!("resume with: {}", resume_command());
            }
        })?;
        write_comparison(&compared, &out).map_err(|error| Error::Failed(error.to_string()))?;
        let comparison = &compared.comparison;
        match output.json {
            true => print_json(comparison)?,
            false => print(&format!("{}\n\n{}", text(comparison), shown(&out.file("index.html"))))?,
        }
        failures(comparison)
    }

    fn request(&self) -> Request {
        let mut fractions = self.fractions.clone();
        fractions.sort_by(f64::total_cmp);
        fractions.dedup();
        if fractions.is_empty() {
            fractions.push(1.0);
        }
        let precision = self.compute.precision.given;
        let of_flag = precision.map(|precision| format!("train.precision={precision}"));
        Request {
            configs: self.configs.clone(),
            sets: self.sets.all.iter().cloned().chain(of_flag).collect(),
            backend: self.compute.backend.clone(),
            threads: self.compute.threads.number(),
            extent: Extent { seeds: self.seeds, fractions, budget: self.budget },
            allow_different: self.allow_different,
            out: self.out.clone(),
            existing: Existing::of(self.resume, self.force),
        }
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|fraction| *fraction > 0.0 && *fraction <= 1.0);
    fraction.ok_or_else(|| String::from("expected a number above 0 and at most 1"))
}

/// A table of the entries, and the conclusions.
fn text(comparison: &Comparison) -> String {
    let whole = |value: f64| format!("{value:.0}");
    let table = table(&rows_of(
        &comparison.entries,
        &[
            ("config", &|entry| entry.name.clone()),
            ("accuracy", &|entry| accuracy(entry.accuracy)),
            ("loss", &|entry| mean(entry.loss, |loss| format!("{loss:.4}"))),
            ("corrupted", &|entry| {
                mean(entry.corrupted_accuracy, |accuracy| format!("{:.1} %", 100.0 * accuracy))
            }),
            ("parameters", &|entry| entry.parameters.to_string()),
            ("MFLOPs", &|entry| format!("{:.1}", entry.flops as f64 / 1e6)),
            ("train/s", &|entry| mean(entry.training_images_per_second, whole)),
            ("infer/s", &|entry| mean(entry.inference_images_per_second, whole)),
            ("seconds", &|entry| mean(entry.training_seconds, |seconds| format!("{seconds:.1}"))),
            ("MB", &|entry| {
                let bytes = entry.peak_memory_bytes;
                bytes.map_or_else(|| String::from("-"), |bytes| (bytes / 1_000_000).to_string())
            }),
        ],
    ));
    format!("{table}\n\n{}", comparison.conclusions.join("\n"))
}

fn mean(summary: Option<Summary>, text: impl Fn(f64) -> String) -> String {
    summary.map_or_else(|| String::from("-"), |summary| text(summary.mean))
}

fn accuracy(summary: Option<Summary>) -> String {
    let Some(Summary { mean, deviation, .. }) = summary else {
        return String::from("failed");
    };
    let deviation = deviation.map_or_else(String::new, |d| format!(" ± {:.2}", 100.0 * d));
    format!("{:.2}{deviation} %", 100.0 * mean)
}

/// If any run failed, the comparison failed; the results of the others have been printed by then.
fn failures(comparison: &Comparison) -> Result<(), Error> {
    let failed: Vec<String> = comparison
        .runs
        .iter()
        .filter_map(|run| Some(format!("{}: {}", run.name, run.error.as_ref()?)))
        .collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Error::Failed(format!(
            "{} of {} runs failed\n  {}",
            failed.len(),
            comparison.runs.len(),
            failed.join("\n  ")
        ))),
    }
}
