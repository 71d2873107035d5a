//! Several configs on the same images, with the same seeds and budget: which does better, by how
//! much, at what cost, with how many images.
//!
//! Every run is an ordinary run directory. Measurements of its network are kept beside it, so that
//! an interrupted comparison resumes where it was.

mod budget;
mod clock;
mod comparison;
mod entry;
mod fairness;
mod figures;
mod measure;
mod page;
mod plan;
mod statistics;
mod train;
mod verdict;

use std::{
    fs,
    path::{Path, PathBuf},
};

use zoo_training::{
    Stop,
    progress::Show,
    run_dir::{Existing, manifest_path, metrics_path, read_json, report_path},
};

use crate::{
    Error, backend::BackendChoice, curves::Curves, evaluation::Report, manifest::Manifest,
};

pub use self::{
    budget::SharedBudget,
    comparison::{
        Comparison, CorruptedFigures, CurvePoint, EntryFigures, FocusFigures, LearningPoint,
        Reached, RunFigures,
    },
    entry::Entry,
    fairness::Difference,
    measure::{Corrupted, LOOKED_AT, Measured},
    page::write_comparison,
    plan::{Extent, Planned},
    statistics::Summary,
    verdict::{Pair, PairedTest, Verdict},
};
use self::{
    clock::Clock,
    train::{Ended, Training},
};

/// What is compared, and how.
pub struct Request {
    /// The configs' files.
    pub configs: Vec<PathBuf>,
    /// `KEY=VALUE` to apply to each of them.
    pub sets: Vec<String>,
    /// What computes, over the configs' choice.
    pub backend: Option<BackendChoice>,
    /// Number of CPU threads; by default all cores.
    pub threads: Option<usize>,
    /// Seeds, fractions and budget.
    pub extent: Extent,
    /// Compare also on other images.
    pub allow_different: bool,
    /// Where runs and report go.
    pub out: PathBuf,
    /// What to do about a folder that is not empty.
    pub existing: Existing,
}

/// A comparison of which everything that can be refused has been checked.
pub struct Prepared {
    request: Request,
    entries: Vec<Entry>,
    differences: Vec<Difference>,
    runs: Vec<Planned>,
}

/// A run that was made, or that failed for a reason.
pub struct Made {
    /// What was to be made.
    pub planned: Planned,
    /// What came of it.
    pub outcome: Result<Outcome, String>,
}

/// What came of a run.
pub struct Outcome {
    /// Its figures.
    pub report: Report,
    /// What it was made with.
    pub manifest: Manifest,
    /// How training went.
    pub curves: Curves,
    /// Its predictions, speed and robustness.
    pub measured: Measured,
}

/// A finished comparison.
pub struct Compared {
    /// Its figures.
    pub comparison: Comparison,
    /// What was compared.
    pub entries: Vec<Entry>,
    /// Every run.
    pub made: Vec<Made>,
}

impl Prepared {
    /// Reads the configs and opens their data.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written.
    pub fn new(request: Request, show: Show) -> Result<Self, Error> {
        let Request { configs, sets, backend, extent, out, .. } = &request;
        let entries = entry::load(configs, sets, backend.as_ref(), show)?;
        if !request.allow_different {
            fairness::refuse_other_images(&entries)?;
        }
        let differences = fairness::differences(&entries, extent.budget.is_some());
        let runs = plan::plan(&entries, extent, &out.join("runs"))?;
        plan::check(&runs, &entries)?;
        if request.existing != Existing::Overwrite {
            runs.iter().try_for_each(Planned::check_earlier)?;
        }
        Ok(Self { request, entries, differences, runs })
    }

    /// In what the configs differ besides network, optimizer and schedule.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Trains and measures all that is not there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Paused`] if the user stopped it, [`Error::Failed`] or [`Error::Io`] if a file
    /// cannot be written. A run that fails is not an error here.
    pub fn run(self, show: Show, stop: &Stop) -> Result<Compared, Error> {
        let Self { request, entries, differences, runs } = self;
        fs::create_dir_all(&request.out).map_err(Error::io(&request.out))?;
        let mut clock = Clock::new(&runs, show);
        let mut made = Vec::new();
        for (number, planned) in runs.into_iter().enumerate() {
            clock.begin(number, &planned);
            let entry = &entries[planned.entry];
            let outcome = match make(&planned, entry, &request, &mut clock, stop)? {
                Some(outcome) => outcome,
                None => return Err(clock.paused()),
            };
            if let Ok(outcome) = &outcome {
                clock.note(&planned, outcome);
            }
            made.push(Made { planned, outcome });
        }
        clock.end();
        Ok(Compared::of(&request, entries, differences, made))
    }
}

impl Compared {
    /// The figures of runs that were made.
    pub fn of(
        request: &Request,
        entries: Vec<Entry>,
        differences: Vec<Difference>,
        made: Vec<Made>,
    ) -> Self {
        let comparison = figures::comparison(request, &entries, differences, &made);
        Self { comparison, entries, made }
    }
}

/// Trains a run unless it is finished, and measures it; `None` if the user asked to stop.
fn make(
    planned: &Planned,
    entry: &Entry,
    request: &Request,
    clock: &mut Clock,
    stop: &Stop,
) -> Result<Option<Result<Outcome, String>>, Error> {
    if stop.is_requested() {
        return Ok(None);
    }
    let force = request.existing == Existing::Overwrite;
    if force || !report_path(&planned.folder).exists() {
        let training =
            Training { threads: request.threads, force, quiet: clock.show() == Show::Nothing };
        let configs = request.out.join("configs");
        match training.run(planned, &configs, stop, &mut |line| clock.say(line))? {
            Ended::Finished => {}
            Ended::Stopped => return Ok(None),
            Ended::Failed(reason) => {
                clock.say(&format!("failed: {reason}"));
                return Ok(Some(Err(reason)));
            }
        }
    }
    let largest = request.extent.fractions.last() == Some(&planned.fraction);
    let kept = request.out.join("measured").join(format!("{}.json", planned.name));
    let outcome = outcome(planned, entry, largest, &kept, clock.show());
    Ok(Some(outcome.map_err(|error| error.to_string())))
}

fn outcome(
    planned: &Planned,
    entry: &Entry,
    with_corruptions: bool,
    kept: &Path,
    show: Show,
) -> Result<Outcome, Error> {
    Ok(Outcome {
        measured: measure::measure(planned, entry, with_corruptions, kept, show)?,
        report: read_json(&report_path(&planned.folder))?,
        manifest: read_json(&manifest_path(&planned.folder))?,
        curves: Curves::read(&metrics_path(&planned.folder))?,
    })
}
