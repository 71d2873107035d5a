//! `zoo lr-find`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use zoo_data::shown;
use zoo_training::{
    RangePoint, RangeTest, Ranks, Suggestion, is_plot, plot,
    run_dir::{read_json, write_json},
    suggest,
};

use super::{
    Output,
    flags::{Compute, Sets},
    print, print_json,
};
use crate::{Error, config::RunConfig, job::Job, overwrite};

/// Suggest a learning rate: train briefly with increasing rates, and watch the loss.
#[derive(Debug, Args)]
pub struct LrFind {
    /// The JSON config.
    config: PathBuf,
    /// Chart to write; the figures are written beside it as JSON.
    #[arg(long, value_name = "FILE.svg", default_value = "lr-find.svg")]
    out: PathBuf,
    /// Lowest learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 1e-7)]
    from: f64,
    /// Highest learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    to: f64,
    /// Number of steps, each with its own learning rate.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(20..=10_000))]
    steps: u64,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    sets: Sets,
}

/// The result of a test.
#[derive(Debug, Serialize)]
struct Found {
    suggestion: Option<Suggestion>,
    points: Vec<RangePoint>,
}

/// Whether a JSON file holds what came of a test.
fn is_found(path: &Path) -> bool {
    let value: Value = read_json(path).unwrap_or_default();
    value.as_object().is_some_and(|found| found.keys().eq(["suggestion", "points"]))
}

impl LrFind {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let (from, to) = (self.from, self.to);
        if !(from > 0.0 && to > from && to.is_finite()) {
            return Err(Error::Usage(format!(
                "--from {from} --to {to}: expected two numbers above 0, the second larger"
            )));
        }
        let figures = self.out.with_extension("json");
        overwrite::check(&self.out, is_plot)?;
        overwrite::check(&figures, is_found)?;
        let mut config = RunConfig::load(&self.config, &self.sets.all)?;
        self.compute.apply(&mut config)?;
        let job = Job::prepare(config, None, output.show(), &Ranks::Alone)?;
        job.notes().iter().for_each(|note| output.note(note));
        let points = job.find_learning_rate(RangeTest { from, to, steps: self.steps as usize })?;
        if points.is_empty() {
            return Err(Error::Failed(String::from("the loss is not a number from the start")));
        }
        let found = Found { suggestion: suggest(&points), points };
        std::fs::write(&self.out, plot(&found.points, found.suggestion))
            .map_err(Error::io(&self.out))?;
        write_json(&figures, &found)?;
        match output.json {
            true => print_json(&found),
            false => print(&self.text(&found)),
        }
    }

    fn text(&self, found: &Found) -> String {
        let said = match found.suggestion {
            Some(Suggestion { valley, steepest }) => format!(
                "suggested learning rate {valley:.2e} (valley); the loss falls most steeply at \
                 {steepest:.2e}"
            ),
            None => format!(
                "no suggestion: the loss diverged after {} steps; start lower, with --from",
                found.points.len()
            ),
        };
        format!("{said}\n{}: loss against learning rate", shown(&self.out))
    }
}
