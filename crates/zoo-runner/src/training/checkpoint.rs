//! Checkpoints that are complete or absent: `checkpoints/step-<N>/` with all that resumes a run.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    optim::{ModuleOptimizer, OptimizerRecord},
    store::ModuleRecord,
};
use serde::{Deserialize, Serialize};

use crate::{Error, run_dir::read_json};

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const PROGRESS: &str = "progress.json";

/// Where a run stands. With the seed it decides all that is random from here on.
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
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep_last: usize,
}

/// A complete checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    folder: PathBuf,
    /// Where the run stood.
    pub progress: RunProgress,
}

impl Checkpoints {
    /// The checkpoints in `folder`, of which the `keep_last` latest are kept.
    pub fn new(folder: PathBuf, keep_last: usize) -> Self {
        Self { folder, keep_last }
    }

    /// The latest checkpoint, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if it is there and cannot be read.
    pub fn latest(&self) -> Result<Option<Checkpoint>, Error> {
        let steps = self.steps().map_err(Error::io(&self.folder))?;
        let Some(&step) = steps.last() else {
            return Ok(None);
        };
        let folder = self.step_folder(step);
        let progress = read_json(&folder.join(PROGRESS))?;
        Ok(Some(Checkpoint { folder, progress }))
    }

    /// Writes a checkpoint and drops those that are too many.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if it cannot be written; the checkpoints before it are then as they were.
    pub fn save<M: Module>(
        &self,
        progress: RunProgress,
        model: &M,
        optimizer: &ModuleOptimizer,
    ) -> Result<(), Error> {
        let partial = self.folder.join(format!(".step-{}", progress.step));
        let failed = |error: &dyn std::fmt::Display| {
            Error::Failed(format!("{}: cannot write: {error}", partial.display()))
        };
        fs::create_dir_all(&partial).map_err(|error| failed(&error))?;
        model.clone().into_record().save(partial.join(MODEL)).map_err(|error| failed(&error))?;
        optimizer.save(partial.join(OPTIMIZER)).map_err(|error| failed(&error))?;
        self.complete(&partial, progress).map_err(|error| failed(&error))
    }

    fn complete(&self, partial: &Path, progress: RunProgress) -> io::Result<()> {
        let mut file = File::create(partial.join(PROGRESS))?;
        serde_json::to_writer(&mut file, &progress)?;
        file.sync_all()?;
        let complete = self.step_folder(progress.step);
        if complete.exists() {
            // The same step with its epoch validated, or again after a resume from before it.
            fs::remove_dir_all(&complete)?;
        }
        fs::rename(partial, &complete)?;
        sync_folder(&self.folder)?;
        let steps = self.steps()?;
        for &step in steps.iter().rev().skip(self.keep_last) {
            fs::remove_dir_all(self.step_folder(step))?;
        }
        Ok(())
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
}

impl Checkpoint {
    /// Gives `model` and `optimizer` the state that they had.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the files are damaged or of another network.
    pub fn restore<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(M, ModuleOptimizer), Error> {
        let path = self.folder.join(MODEL);
        let record = ModuleRecord::load(&path).map_err(damaged(&path))?;
        let model = model.try_load_record(record).map_err(damaged(&path))?;
        let path = self.folder.join(OPTIMIZER);
        let record = OptimizerRecord::load(&path).map_err(damaged(&path))?;
        Ok((model, optimizer.load_record(record)))
    }
}

fn damaged<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Error + '_ {
    move |error| Error::run(path, format!("cannot be read: {error}; start anew with --force"))
}

/// Makes a rename in `folder` outlast a power cut, where the system lets folders be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};

    use super::*;
    use crate::{backend::host, training::OptimizerConfig};

    fn save(checkpoints: &Checkpoints, step: usize) -> Linear {
        let model = LinearConfig::new(2, 3).init(&host());
        let progress = RunProgress { step, ..Default::default() };
        checkpoints.save(progress, &model, &OptimizerConfig::default().init()).unwrap();
        model
    }

    #[test]
    fn what_is_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"), 1);
        assert!(checkpoints.latest().unwrap().is_none());
        let saved = save(&checkpoints, 5);
        // Killed while it wrote the next one.
        fs::create_dir(folder.path().join("checkpoints/.step-9")).unwrap();
        let latest = checkpoints.latest().unwrap().unwrap();
        assert_eq!(latest.progress.step, 5);
        let fresh = LinearConfig::new(2, 3).init(&host());
        let (restored, _) = latest.restore(fresh, OptimizerConfig::default().init()).unwrap();
        assert_eq!(restored.weight.val().into_data(), saved.weight.val().into_data());
        let other = LinearConfig::new(2, 4).init(&host());
        assert!(latest.restore(other, OptimizerConfig::default().init()).is_err());
    }

    #[test]
    fn the_latest_are_kept_in_the_order_of_steps() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().to_path_buf(), 2);
        for step in [8, 9, 10] {
            save(&checkpoints, step);
        }
        assert_eq!(checkpoints.steps().unwrap(), [9, 10]);
    }

    #[test]
    fn a_damaged_checkpoint_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().to_path_buf(), 1);
        let model = save(&checkpoints, 1);
        fs::write(folder.path().join("step-1").join(MODEL), "no record").unwrap();
        let latest = checkpoints.latest().unwrap().unwrap();
        let error = latest.restore(model, OptimizerConfig::default().init()).err().unwrap();
        assert!(error.to_string().ends_with("start anew with --force"), "{error}");
    }
}
