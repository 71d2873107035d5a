//! Checkpoints that are complete or absent: `checkpoints/step-<N>/` with all that resumes a run.

mod config;
mod progress;
mod restore;
mod seal;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use burn::{module::Module, optim::ModuleOptimizer, store::RecordError, tensor::Bytes};
use zoo_model::disk::{cannot_flush, flush_folder};

use self::seal::Seal;
use crate::Error;

pub use self::{
    config::CheckpointConfig,
    progress::{Place, RunProgress},
    restore::Checkpoint,
    seal::Identity,
};

const MODEL: &str = "model.bpk";
const EMA: &str = "ema.bpk";
const OPTIMIZER: &str = "optimizer.bpk";

/// How a checkpoint that is being written is named, and one that is being replaced.
const PARTIAL: &str = ".partial-step-";
const REPLACED: &str = ".replaced-step-";
const COMPLETE: &str = "step-";

/// The folder of a run's checkpoints.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    identity: Identity,
    config: CheckpointConfig,
    flush: fn(&Path) -> io::Result<()>,
    /// Why the file system cannot flush, where it cannot.
    unflushed: Option<String>,
}

/// All that a checkpoint holds besides its [`RunProgress`].
pub struct State<'a, M> {
    /// The weights.
    pub model: &'a M,
    /// Their moving average.
    pub ema: Option<&'a M>,
    /// What the optimizer remembers.
    pub optimizer: &'a ModuleOptimizer,
}

impl Checkpoints {
    /// The checkpoints in `folder`, which is made; what a killed process left half done is put
    /// right.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the folder cannot be written.
    pub fn open(
        folder: PathBuf,
        identity: Identity,
        config: CheckpointConfig,
    ) -> Result<Self, Error> {
        Self::open_with(folder, identity, config, flush_folder)
    }

    /// The same with another way to flush a folder.
    fn open_with(
        folder: PathBuf,
        identity: Identity,
        config: CheckpointConfig,
        flush: fn(&Path) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let mut checkpoints = Self { folder, identity, config, flush, unflushed: None };
        checkpoints.tidy().map_err(Error::io(&checkpoints.folder))?;
        match flush(&checkpoints.folder) {
            Err(error) if cannot_flush(&error) => checkpoints.unflushed = Some(error.to_string()),
            outcome => outcome.map_err(Error::io(&checkpoints.folder))?,
        }
        Ok(checkpoints)
    }

    /// Whether any complete checkpoint lies in `folder`, sound or not.
    pub fn are_in(folder: &Path) -> bool {
        let is_one = |name: &str| name.starts_with(COMPLETE) || name.starts_with(REPLACED);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(is_one))
    }

    /// What the user should know about where they lie.
    pub fn warning(&self) -> Option<String> {
        let reason = self.unflushed.as_ref()?;
        let folder = zoo_data::shown(&self.folder);
        Some(format!(
            "{folder}: the file system cannot flush folders ({reason}): a power cut may take the last \
             checkpoints along"
        ))
    }

    fn tidy(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        for step in self.steps(PARTIAL)? {
            fs::remove_dir_all(self.path(PARTIAL, step))?;
        }
        for step in self.steps(REPLACED)? {
            let (replaced, complete) = (self.path(REPLACED, step), self.path(COMPLETE, step));
            match complete.exists() {
                true => fs::remove_dir_all(replaced)?,
                false => fs::rename(replaced, complete)?,
            }
        }
        Ok(())
    }

    /// The latest checkpoint that is sound, if there is any checkpoint. Later ones, which are
    /// damaged, are taken away.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if all are damaged, or it is of another network, other images or another
    /// version.
    pub fn latest(&self) -> Result<Option<Checkpoint>, Error> {
        let steps = self.steps(COMPLETE).map_err(Error::io(&self.folder))?;
        let mut notes = Vec::new();
        for step in steps.into_iter().rev() {
            let folder = self.path(COMPLETE, step);
            match Seal::read(&folder) {
                Ok(seal) => {
                    seal.check(&folder, &self.identity)?;
                    for later in self.steps(COMPLETE).map_err(Error::io(&self.folder))? {
                        if later > step {
                            let path = self.path(COMPLETE, later);
                            fs::remove_dir_all(&path).map_err(Error::io(&path))?;
                        }
                    }
                    return Ok(Some(Checkpoint::in_folder(folder, seal.progress, notes)));
                }
                Err(error) => {
                    notes.push(format!("{error}; resuming from the checkpoint before it"))
                }
            }
        }
        match notes.is_empty() {
            true => Ok(None),
            false => Err(Error::run(&self.folder, "all are corrupt: start over with --force")),
        }
    }

    /// Writes a checkpoint and drops those that are too many.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if it cannot be written; the checkpoints before it are then as they were.
    pub fn save<M: Module>(
        &self,
        progress: RunProgress,
        state: &State<'_, M>,
    ) -> Result<(), Error> {
        let partial = self.path(PARTIAL, progress.step);
        let failed = |error: &dyn std::fmt::Display| {
            Error::Failed(format!("{}: cannot write: {error}", zoo_data::shown(&self.folder)))
        };
        // The folder of checkpoints itself is not made again: if it is gone, so is the run.
        fs::create_dir(&partial).map_err(|error| failed(&error))?;
        // Burn's own way to save flushes the folder, and fails where that cannot be.
        let flushes = self.unflushed.is_none();
        let write = |path: PathBuf, bytes: Result<Bytes, RecordError>| {
            let bytes = bytes.map_err(|error| failed(&error))?;
            fs::write(path, &bytes[..]).map_err(|error| failed(&error))
        };
        let save_model = |name: &str, model: &M| {
            let (path, record) = (partial.join(name), model.clone().into_record());
            match flushes {
                true => record.save(path).map_err(|error| failed(&error)),
                false => write(path, record.into_bytes()),
            }
        };
        save_model(MODEL, state.model)?;
        if let Some(ema) = state.ema {
            save_model(EMA, ema)?;
        }
        let path = partial.join(OPTIMIZER);
        match flushes {
            true => state.optimizer.save(path).map_err(|error| failed(&error))?,
            false => write(path, state.optimizer.into_bytes())?,
        }
        Seal::write(&partial, self.identity.clone(), progress).map_err(|error| failed(&error))?;
        self.complete(&partial, progress).map_err(|error| failed(&error))
    }

    /// Puts a checkpoint that is written in its place.
    fn complete(&self, partial: &Path, progress: RunProgress) -> io::Result<()> {
        self.flush(partial)?;
        let complete = self.path(COMPLETE, progress.step);
        let replaced = self.path(REPLACED, progress.step);
        // The same step with its epoch validated, or again after a resume from before it.
        let is_there_already = complete.exists();
        if is_there_already {
            fs::rename(&complete, &replaced)?;
        }
        fs::rename(partial, &complete)?;
        self.flush(&self.folder)?;
        if is_there_already {
            fs::remove_dir_all(&replaced)?;
        }
        let best = progress.best_step.filter(|_| self.config.keep_best);
        let steps = self.steps(COMPLETE)?;
        for &step in steps.iter().rev().skip(self.config.keep_last) {
            if best != Some(step) {
                fs::remove_dir_all(self.path(COMPLETE, step))?;
            }
        }
        Ok(())
    }

    /// Makes what happened in a folder outlast a power cut, where that can be.
    fn flush(&self, folder: &Path) -> io::Result<()> {
        if self.unflushed.is_none() { (self.flush)(folder) } else { Ok(()) }
    }

    /// Steps of the checkpoints with this prefix, in order.
    fn steps(&self, prefix: &str) -> io::Result<Vec<usize>> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let step = name.to_str().and_then(|name| name.strip_prefix(prefix));
            steps.extend(step.and_then(|step| step.parse::<usize>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    fn path(&self, prefix: &str, step: usize) -> PathBuf {
        self.folder.join(format!("{prefix}{step}"))
    }
}

#[cfg(test)]
mod tests;
