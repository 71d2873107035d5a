//! A run directory for a training whose steps were taken one by one.

use jiff::Timestamp;
use zoo_model::AnyModel;
use zoo_training::{
    Line, MetricsFile, RunProgress, Trained, fine_tune::Glance, progress::Show, run_dir::RunDir,
};

use super::Job;
use crate::{Error, evaluation::Report};

/// What a training has come to.
pub struct Done {
    /// When it began.
    pub started: Timestamp,
    /// The network after its last step, and how far that is.
    pub trained: Trained<AnyModel>,
    /// The weights that are best on the valid split.
    pub best: AnyModel,
    /// The lines of `metrics.jsonl`.
    pub lines: Vec<Line>,
    /// Of a linear probe, what features are worth without a head.
    pub glance: Option<Glance>,
}

impl Job {
    /// Writes into the run directory all that `zoo train` would have written, had it taken the same
    /// steps, but no checkpoint; measures the best weights.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if something cannot be written, [`Error::Failed`] if the weights cannot be measured.
    pub fn record(self, run_dir: RunDir, done: Done) -> Result<Report, Error> {
        let Done { started, trained, best, lines, glance } = done;
        let mut kept = self.keep(run_dir, false)?;
        kept.manifest.started = started;
        best.save(&kept.run_dir.weights(), &self.setup.info())?;
        let mut metrics = MetricsFile::open(Some(&kept.run_dir), &RunProgress::default())?;
        lines.iter().try_for_each(|line| metrics.put(line))?;
        let report = self.setup.conclude(&trained, glance, Some(kept), Show::Nothing)?;
        report.ok_or_else(|| Error::Failed(String::from("the run has no report")))
    }
}
