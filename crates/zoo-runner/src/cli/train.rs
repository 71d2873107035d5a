//! `zoo train`.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::Args;
use zoo_data::shown;
use zoo_training::{
    Checkpoint, Checkpoints, Ranks, Stop,
    fine_tune::Glance,
    run_dir::{Existing, RunDir, checkpoints_path, config_path, read_json, report_path},
};

use super::{
    Output,
    evaluate::line,
    flags::{Compute, Sets},
    live::{LiveFlags, Page},
    print, print_json,
    ranks::together,
};
use crate::{
    Error,
    config::{RunConfig, shipped},
    evaluation::Report,
    job::{Job, Kept},
};

/// Train a model from a JSON config.
#[derive(Debug, Args)]
pub struct Train {
    /// The JSON config, or the name of a shipped one, such as quickstart.
    config: Option<PathBuf>,
    #[command(flatten)]
    training: Training,
}

/// Train a first network: the shipped config quickstart, in some 15 seconds and without a download.
#[derive(Debug, Args)]
pub struct Quickstart {
    #[command(flatten)]
    training: Training,
}

/// How a config is trained.
#[derive(Debug, Args)]
struct Training {
    /// Run directory; by default runs/ plus the config's name.
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    sets: Sets,
    #[command(flatten)]
    live: LiveFlags,
    /// Resume from the run's last checkpoint.
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Start over if the folder already contains a run.
    #[arg(long)]
    force: bool,
}

impl Train {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let Some(config) = self.config else {
            return Err(Error::Usage(format!(
                "zoo train: no config is given\n\
                 zoo train quickstart    a shipped config; others: {}\n\
                 zoo config init         writes one of your own, with a comment on every setting",
                shipped::names()
                    .into_iter()
                    .filter(|name| *name != "quickstart")
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        };
        self.training.run(&config, output)
    }
}

impl Quickstart {
    pub fn run(self, output: Output) -> Result<(), Error> {
        self.training.run(Path::new("quickstart"), output)
    }
}

impl Training {
    /// Trains, alone or as one of several processes, of which the first writes and speaks for all.
    fn run(self, config: &Path, output: Output) -> Result<(), Error> {
        together(output, |ranks, output| self.run_as(ranks, config, output))
    }

    fn run_as(&self, ranks: &Ranks, config: &Path, output: Output) -> Result<(), Error> {
        let path = self.run_path(config)?;
        let mut config = RunConfig::load(config, &self.sets.all)?;
        self.compute.apply_to_rank(&mut config, ranks)?;
        let say_finished = || match ranks.is_first() {
            true => print(&format!("{}: already finished, nothing to do", shown(&path))),
            false => Ok(()),
        };
        if self.resume && ranks.first(|| Ok::<_, Error>(report_path(&path).exists()))? {
            return say_finished();
        }
        if self.live.is_wanted() && ranks.count() > 1 {
            return Err(Error::Usage(String::from("--serve is for a run of one process")));
        }
        let page = Page::open(&self.live, &path, output)?;
        let before = match self.resume {
            true => ranks.first(|| config_to_go_on_from(&path))?,
            false => None,
        };
        let mut job = Job::prepare(config, before.as_ref(), output.show(), ranks)?;
        job.notes().iter().for_each(|note| output.note(note));
        let page = page.show(&mut job, &path, output)?;
        let trained = self.train(job, ranks, &path, output);
        page.end();
        match trained? {
            None => say_finished(),
            Some(report) if output.json => print_json(&report),
            Some(report) => print(&summary(&path, &report)),
        }
    }

    /// Trains in the run directory `path`, which is the first rank's. No report where the run was finished
    /// meanwhile, and on all other ranks.
    fn train(
        &self,
        job: Job,
        ranks: &Ranks,
        path: &Path,
        output: Output,
    ) -> Result<Option<Report>, Error> {
        let run_dir = ranks
            .is_first()
            .then(|| RunDir::open(path, Existing::of(self.resume, self.force)))
            .transpose()?;
        let is_finished = run_dir.as_ref().is_some_and(RunDir::is_finished);
        if self.resume && ranks.first(|| Ok::<_, Error>(is_finished))? {
            return Ok(None);
        }
        let kept = run_dir.map(|run_dir| job.keep(run_dir, self.resume)).transpose()?;
        let resume = match &kept {
            Some(Kept { checkpoints, .. }) if self.resume => checkpoints.latest()?,
            _ => None,
        };
        let of_folders = kept.iter().flat_map(Kept::warnings);
        let notes = resume.iter().flat_map(|checkpoint| checkpoint.notes.clone());
        of_folders.chain(notes).for_each(|warning| eprintln!("warning: {warning}"));
        let resume = Checkpoint::of_first(resume, ranks)?;
        let stop = Stop::default();
        stop_on_signals(&stop, ranks.is_first())?;
        let outcome = job.run(kept, resume, output.show(), stop);
        if let (Err(Error::Interrupted { .. }), true) = (&outcome, ranks.is_first()) {
            eprintln!("resume with: {}", resume_command());
        }
        outcome
    }

    fn run_path(&self, config: &Path) -> Result<PathBuf, Error> {
        if let Some(path) = &self.run_dir {
            return Ok(path.clone());
        }
        let name = config
            .file_stem()
            .ok_or_else(|| Error::Usage(format!("{}: expected a JSON file", shown(config))))?;
        Ok(Path::new("runs").join(name))
    }
}

/// The config of the run in `path`, if a checkpoint takes the place of what it started from.
fn config_to_go_on_from(path: &Path) -> Result<Option<RunConfig>, Error> {
    let config = config_path(path);
    match config.exists() && Checkpoints::are_in(&checkpoints_path(path)) {
        true => Ok(Some(read_json(&config)?)),
        false => Ok(None),
    }
}

/// Ends the run at its next step on Ctrl-C or a termination signal, and says so if that `is_told`; at
/// once on the second.
pub(super) fn stop_on_signals(stop: &Stop, is_told: bool) -> Result<(), Error> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.is_requested() {
            std::process::exit(130);
        }
        if is_told {
            eprintln!("stopping after this step; press again to stop immediately");
        }
        stop.request();
    })
    .map_err(|error| Error::Failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// This command with `--resume`.
pub(super) fn resume_command() -> String {
    let args = std::env::args_os().skip(1).filter(|arg| arg != "--resume" && arg != "--force");
    let args: Vec<String> = args.map(|arg| quoted(&arg)).collect();
    format!("zoo {} --resume", args.join(" "))
}

/// `arg`, quoted for a shell.
fn quoted(arg: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match arg.to_str() {
        Some(arg) if !arg.is_empty() && arg.chars().all(is_plain) => arg.to_string(),
        Some(arg) => format!("'{}'", arg.replace('\'', r"'\''")),
        // Bash, Zsh and POSIX since 2024 read escaped bytes in this form.
        None => format!("$'{}'", shown(Path::new(arg)).replace('\'', r"\'")),
    }
}

/// What a finished run prints to stdout.
fn summary(path: &Path, report: &Report) -> String {
    let training = report.training.as_ref().map_or_else(String::new, |training| {
        // A probe sees no images, but their features, which were computed once.
        let pace = match training.features {
            Some(_) => String::from(" on features computed once"),
            None => format!(", {:.0} images/s", training.images_per_second),
        };
        format!(
            "{} epochs, {} steps in {:.1} s{pace}{}",
            training.epochs,
            training.steps,
            training.seconds,
            training.peak_memory_bytes.map_or_else(String::new, |bytes| {
                format!(", {} MB peak memory", bytes / 1_000_000)
            }),
        )
    });
    let glance = report.training.as_ref().and_then(|training| training.features);
    let glance = glance.map_or_else(String::new, |glance| {
        let Glance { nearest_centroid_accuracy, knn_accuracy, k } = glance;
        format!(
            "\nfeatures alone, valid split: nearest centroid {:.2} %, k-NN (k = {k}) {:.2} %",
            100.0 * nearest_centroid_accuracy,
            100.0 * knn_accuracy,
        )
    });
    format!("{}: {training}{glance}\n{}", shown(path), line(report))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn arguments_are_quoted_for_a_shell() {
        let quote = |bytes: &[u8]| quoted(OsStr::from_bytes(bytes));
        assert_eq!(quote(b"--run-dir=a/b"), "--run-dir=a/b");
        assert_eq!(quote(b"it's"), r"'it'\''s'");
        assert_eq!(quote(b"it's caf\xE9\\"), r"$'it\'s caf\xE9\x5C'");
    }
}
