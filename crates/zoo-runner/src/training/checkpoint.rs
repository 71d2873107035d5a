//! Checkpoints that are complete or absent: `checkpoints/step-<N>/` with all that resumes a run.
//!
//! Burn's Learner hands the model, the optimizer and the schedule to three checkpointers on three
//! threads. Here all three write into one hidden folder, and whichever is last renames it.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use serde::{Deserialize, Serialize};

use crate::Error;

/// File names of the parts of a checkpoint.
pub(super) const PARTS: [&str; 3] = ["model.bpk", "optimizer.bpk", "schedule.bpk"];
const PROGRESS: &str = "progress.json";

/// Where a run stands; travels with every checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunProgress {
    /// Optimizer steps done.
    pub step: usize,
    /// Epochs trained and validated.
    pub epochs: usize,
    /// Highest accuracy on the valid split so far, a fraction.
    pub best_accuracy: Option<f64>,
    /// Length of `metrics.jsonl` in bytes.
    pub metrics_bytes: u64,
    /// Seconds of training.
    pub seconds: f64,
}

impl RunProgress {
    /// Steps done and epochs validated.
    pub fn place(&self) -> (usize, usize) {
        (self.step, self.epochs)
    }
}

/// The folder of a run's checkpoints.
#[derive(Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep_last: usize,
    /// By step: where the run stood, and how many parts are written.
    pending: Arc<Mutex<HashMap<usize, (RunProgress, usize)>>>,
}

impl Checkpoints {
    /// The checkpoints in `folder`, of which the `keep_last` latest are kept.
    pub fn new(folder: PathBuf, keep_last: usize) -> Self {
        Self { folder, keep_last, pending: Arc::default() }
    }

    /// One of [`PARTS`] as a checkpointer for Burn's Learner.
    pub(super) fn part(&self, name: &'static str) -> Part {
        Part { checkpoints: self.clone(), name }
    }

    /// Says where the run stands at the step that is about to be saved.
    pub(super) fn announce(&self, progress: RunProgress) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(progress.step, (progress, 0));
    }

    /// The latest checkpoint, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if it is there and cannot be read.
    pub fn latest(&self) -> Result<Option<(PathBuf, RunProgress)>, Error> {
        let steps = self.steps().map_err(Error::io(&self.folder))?;
        let Some(folder) = steps.last().map(|&step| self.step_folder(step)) else {
            return Ok(None);
        };
        let path = folder.join(PROGRESS);
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let progress = serde_json::from_str(&text)
            .map_err(|error| Error::run(&path, format!("is damaged: {error}")))?;
        Ok(Some((folder, progress)))
    }

    /// Steps of the complete checkpoints, in order.
    fn steps(&self) -> io::Result<Vec<usize>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut steps = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let step = name.to_str().and_then(|name| name.strip_prefix("step-"));
            steps.extend(step.and_then(|step| step.parse::<usize>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    fn step_folder(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step}"))
    }

    fn partial_folder(&self, step: usize) -> PathBuf {
        self.folder.join(format!(".step-{step}"))
    }

    fn part_written(&self, step: usize) -> Result<(), CheckpointerError> {
        let progress = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((progress, parts)) = pending.get_mut(&step) else {
                return Err(CheckpointerError::Unknown(format!("step {step} was not announced")));
            };
            *parts += 1;
            if *parts < PARTS.len() {
                return Ok(());
            }
            let progress = *progress;
            pending.remove(&step);
            progress
        };
        self.complete(progress).map_err(CheckpointerError::IOError)
    }

    fn complete(&self, progress: RunProgress) -> io::Result<()> {
        let partial = self.partial_folder(progress.step);
        let mut file = File::create(partial.join(PROGRESS))?;
        serde_json::to_writer(&mut file, &progress)?;
        file.sync_all()?;
        let complete = self.step_folder(progress.step);
        if complete.exists() {
            // The same step again, after a resume from before it.
            fs::remove_dir_all(&complete)?;
        }
        fs::rename(&partial, &complete)?;
        sync_folder(&self.folder)?;
        let steps = self.steps()?;
        for &step in steps.iter().rev().skip(self.keep_last) {
            fs::remove_dir_all(self.step_folder(step))?;
        }
        Ok(())
    }
}

/// Makes a rename in `folder` outlast a power cut, where the system lets folders be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes and reads one part of each checkpoint.
pub(super) struct Part {
    checkpoints: Checkpoints,
    name: &'static str,
}

impl<R: Checkpoint> Checkpointer<R> for Part {
    fn save(&self, step: usize, record: R) -> Result<(), CheckpointerError> {
        let folder = self.checkpoints.partial_folder(step);
        fs::create_dir_all(&folder).map_err(CheckpointerError::IOError)?;
        record.save(folder.join(self.name))?;
        self.checkpoints.part_written(step)
    }

    fn delete(&self, step: usize) -> Result<(), CheckpointerError> {
        fs::remove_dir_all(self.checkpoints.step_folder(step)).map_err(CheckpointerError::IOError)
    }

    fn restore(&self, step: usize) -> Result<R, CheckpointerError> {
        R::load(self.checkpoints.step_folder(step).join(self.name))
    }
}

/// Saves whenever it is asked: when to ask is the training loop's affair.
pub(super) struct WhenAsked;

impl CheckpointingStrategy for WhenAsked {
    fn checkpointing(
        &mut self,
        _step: usize,
        _store: &burn::train::metric::store::EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        vec![CheckpointingAction::Save]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(checkpoints: &Checkpoints, step: usize, parts: usize) {
        checkpoints.announce(RunProgress { step, ..Default::default() });
        for name in &PARTS[..parts] {
            Checkpointer::<()>::save(&checkpoints.part(name), step, ()).unwrap();
        }
    }

    #[test]
    fn a_checkpoint_is_complete_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"), 1);
        assert!(checkpoints.latest().unwrap().is_none());
        save(&checkpoints, 5, 3);
        save(&checkpoints, 9, 2);
        let (path, progress) = checkpoints.latest().unwrap().unwrap();
        assert_eq!(path, folder.path().join("checkpoints/step-5"));
        assert_eq!(progress.step, 5);
    }

    #[test]
    fn the_latest_are_kept_in_the_order_of_steps() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().to_path_buf(), 2);
        [8, 9, 10].into_iter().for_each(|step| save(&checkpoints, step, 3));
        assert_eq!(checkpoints.steps().unwrap(), [9, 10]);
    }
}
