//! What is written of a training, and by which of its processes.

use zoo_training::{
    Checkpoints, Identity,
    run_dir::{RunDir, read_json, write_json},
};

use super::{Job, Setup};
use crate::{
    Error,
    config::{RunConfig, first_difference_on_same_data},
    manifest::Manifest,
};

/// Where a training is kept: on the first of its ranks.
pub struct Kept {
    /// The run directory.
    pub run_dir: RunDir,
    /// As it is written when training begins.
    pub manifest: Manifest,
    /// The folder of checkpoints.
    pub checkpoints: Checkpoints,
}

impl Kept {
    /// Takes in what the run was told on its way.
    pub(super) fn note_steering(&mut self) -> Result<(), Error> {
        self.manifest.note_steering(&self.run_dir.metrics())
    }

    /// Writes the manifest as it is now.
    pub(super) fn write(&self) -> Result<(), Error> {
        Ok(write_json(&self.run_dir.manifest(), &self.manifest)?)
    }

    /// What the user should know about where it lies.
    pub fn warnings(&self) -> Vec<String> {
        self.run_dir
            .warning()
            .map(String::from)
            .into_iter()
            .chain(self.checkpoints.warning())
            .collect()
    }
}

impl Job {
    /// Writes config and manifest into the run directory, and opens its checkpoints.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the run was started with another config or on other images, [`Error::Io`] if
    /// something cannot be written.
    pub fn keep(&self, run_dir: RunDir, resume: bool) -> Result<Kept, Error> {
        let manifest = self.register(&run_dir, resume)?;
        let checkpoints = self.checkpoints(&run_dir)?;
        Ok(Kept { run_dir, manifest, checkpoints })
    }

    /// Writes config and manifest: those of a new run, or of the run being resumed.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the run was started with another config or on other images.
    fn register(&self, run_dir: &RunDir, resume: bool) -> Result<Manifest, Error> {
        let Setup { config, device, data, .. } = &self.setup;
        let mut manifest = Manifest::new(config, device, data, self.model.num_params());
        if resume && run_dir.manifest().exists() {
            let before: RunConfig = read_json(&run_dir.config())?;
            let refuse = |what: String| {
                let advice = "resume with the same, or start over with --force";
                Error::run(run_dir.path(), format!("was started {what}: {advice}"))
            };
            if let Some(key) = first_difference_on_same_data(&before, config) {
                return Err(refuse(format!("with another `{key}`")));
            }
            let old: Manifest = read_json(&run_dir.manifest())?;
            if old.data.fingerprint != manifest.data.fingerprint {
                return Err(refuse(String::from("on other images")));
            }
            if old.zoo_version != manifest.zoo_version {
                return Err(refuse(format!("with zoo {}", old.zoo_version)));
            }
            manifest.started = old.started;
            manifest.steered = old.steered;
        }
        write_json(&run_dir.config(), config)?;
        write_json(&run_dir.manifest(), &manifest)?;
        Ok(manifest)
    }

    /// The folder of the run's checkpoints, after repairing anything a killed process left
    /// half-written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be written.
    fn checkpoints(&self, run_dir: &RunDir) -> Result<Checkpoints, Error> {
        let Setup { config, data, .. } = &self.setup;
        let identity = Identity::new(&config.model, data.fingerprint());
        let config = config.train.checkpoint.clone();
        Ok(Checkpoints::open(run_dir.checkpoints(), identity, config)?)
    }
}
