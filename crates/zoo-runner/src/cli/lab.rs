//! `zoo lab`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use clap::Args;
use serde_json::json;
use zoo_data::shown;
use zoo_training::run_dir::report_path;

use super::{Output, door::Door, flags::Compute, print, print_json};
use crate::{
    Error,
    lab::{PAGES, place_of},
    serve::{Batching, ServeOptions, Wanted, find_runs, serve, url},
};

/// The shipped configs of the networks that are trained where there are none.
const FIRST: [&str; 2] = ["quickstart", "vit-quickstart"];

/// Open a course of lessons on trained networks and photos in a browser.
///
/// Without runs it trains two networks of its own first, on images that zoo draws.
#[derive(Debug, Args)]
pub struct Lab {
    /// Run directories or model.safetensors files, as in runs/cnn or name=runs/cnn; by default every
    /// finished run in the folder of runs.
    #[arg(value_name = "[NAME=]RUN")]
    runs: Vec<PathBuf>,
    /// Open the page at this lesson: its number or its name.
    #[arg(long, value_name = "LESSON")]
    lesson: Option<String>,
    #[command(flatten)]
    door: Door,
    /// Folder in which runs are looked for, and trained if there are none.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs_folder: PathBuf,
    #[command(flatten)]
    compute: Compute,
}

impl Lab {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let note = |text: String| output.note(&text);
        let place = self.lesson.as_deref().map(place_of).transpose()?.unwrap_or_default();
        let options = self.options(&note)?;
        let wanted = self.runs.iter().map(|path| match path.to_str() {
            Some(text) => Wanted::parse(text),
            None => Wanted { name: None, path: path.clone() },
        });
        let wanted: Vec<Wanted> = wanted.collect();
        if wanted.is_empty() && !has_finished_run(&self.runs_folder) {
            self.train_first(output)?;
        }
        let device = self.compute.choose()?.open()?;
        serve(&wanted, options, &device, PAGES, &note, |address, networks| {
            let address = format!("{}/{place}", url(address));
            if !output.quiet {
                eprintln!("the lab is open, with {}; end with Ctrl-C", networks.join(", "));
            }
            match output.json {
                true => print_json(&json!({"url": address, "models": networks})),
                false => print(&address),
            }
        })
    }

    /// Trains networks to begin with, in the folder of runs, each by a `zoo train` of its own: Ctrl-C
    /// ends both, and what has been trained is resumed by the next `zoo lab`.
    fn train_first(&self, output: Output) -> Result<(), Error> {
        if !output.quiet {
            eprintln!(
                "no finished run in {}: a CNN and a ViT are trained first, in about a minute",
                shown(&self.runs_folder)
            );
        }
        for config in FIRST {
            let path = self.runs_folder.join(config);
            let mut command = Command::new(std::env::current_exe().map_err(Error::io(&path))?);
            command.args(["train", config, "--resume", "--run-dir"]).arg(&path);
            if let Some(backend) = &self.compute.backend {
                command.args(["--backend", &backend.to_string()]);
            }
            if let Some(precision) = self.compute.precision.given {
                command.args(["--precision", precision.as_str()]);
            }
            if let Some(threads) = self.compute.threads.number() {
                command.args(["--threads", &threads.to_string()]);
            }
            if output.quiet {
                command.arg("--quiet");
            }
            // What is printed here is the address alone.
            let status = command.stdout(Stdio::null()).status().map_err(Error::io(&path))?;
            if !status.success() {
                return Err(Error::run(&path, format!("could not be trained: {status}")));
            }
        }
        Ok(())
    }

    fn options(&self, note: &dyn Fn(String)) -> Result<ServeOptions, Error> {
        Ok(ServeOptions {
            bind: self.door.bind,
            access: self.door.access(note)?,
            precision: self.compute.precision.given,
            // Lessons show weights, and change them.
            holds_in_precision: false,
            batching: Batching { max_batch: 16, wait: Duration::ZERO, queue: 64 },
            max_body: 32_000_000,
            max_pixels: 50_000_000,
            max_connections: 512,
            timeout: Duration::from_secs(120),
            grace: Duration::from_secs(2),
            runs: self.runs_folder.clone(),
        })
    }
}

fn has_finished_run(folder: &Path) -> bool {
    find_runs(folder).iter().any(|run| report_path(&run.path).exists())
}
