//! `manifest.json`: what a run was made with.

use std::path::Path;

use burn::tensor::Device;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zoo_data::{Dataset, Unreadable, shown};
use zoo_kernels::Precision;
use zoo_model::{BURN_VERSION, ZOO_VERSION};
use zoo_training::{Steered, read_steered};

use crate::{Error, config::RunConfig, machine, together::RanksManifest};

/// What a run was made with, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the zoo.
    pub zoo_version: String,
    /// Version of Burn.
    pub burn_version: String,
    /// The arguments of the last command that trained, after the program's name.
    pub command: Vec<String>,
    /// Seed of the run.
    pub seed: u64,
    /// Backend, with the index of its device.
    pub backend: String,
    /// What products and convolutions compute in.
    #[serde(default = "f32_of_old")]
    pub precision: String,
    /// The processor's instructions for products of 16-bit numbers, where the run used any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What Burn calls the device.
    pub device: String,
    /// Processor and threads of CPU computation.
    pub machine: String,
    /// The images.
    pub data: DataManifest,
    /// Number of parameters of the network.
    pub parameters: usize,
    /// When the run was first started.
    pub started: Timestamp,
    /// When the run was finished.
    pub finished: Option<Timestamp>,
    /// SHA-256 over the last step's weights in path order, as little-endian f32; the weights kept
    /// in `model.safetensors` are the best, not the last.
    pub weight_hash: Option<String>,
    /// What the run was told by whoever steered it; such a run does not follow from its config alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steered: Vec<Steered>,
    /// The processes that trained together last, where there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks: Option<RanksManifest>,
}

/// Which images a run saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataManifest {
    /// Name of the data set.
    pub name: String,
    /// SHA-256 over class names, splits, labels and the source's content.
    pub fingerprint: String,
    /// Images in the train split.
    pub train: usize,
    /// Images in the valid split.
    pub valid: usize,
    /// Images in the test split; 0 if there is none.
    pub test: usize,
    /// Images that cannot be read and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Unreadable>,
}

/// Runs of before there was a choice.
fn f32_of_old() -> String {
    Precision::F32.to_string()
}

/// The arguments of this command, after the program's name.
pub fn command() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| shown(Path::new(&argument))).collect()
}

impl Manifest {
    /// The manifest of a run that starts now.
    pub fn new(config: &RunConfig, device: &Device, data: &Dataset, parameters: usize) -> Self {
        Self {
            zoo_version: ZOO_VERSION.to_string(),
            burn_version: BURN_VERSION.to_string(),
            command: command(),
            seed: config.seed,
            backend: config.backend.to_string(),
            precision: config.train.precision.to_string(),
            instructions: config.backend.instructions(config.train.precision).map(String::from),
            device: format!("{device:?}"),
            machine: machine::name(),
            data: DataManifest::of(data),
            parameters,
            started: Timestamp::now(),
            finished: None,
            weight_hash: None,
            steered: Vec::new(),
            ranks: None,
        }
    }

    /// What the run was told on its way, in words; none if nothing.
    pub fn steering(&self) -> Option<String> {
        let told: Vec<String> = self.steered.iter().map(ToString::to_string).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// Takes in what the run was told on its way, as its `metrics.jsonl` says.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read.
    pub fn note_steering(&mut self, metrics: &Path) -> Result<(), Error> {
        if metrics.exists() {
            self.steered = read_steered(metrics)?;
        }
        Ok(())
    }
}

impl DataManifest {
    /// That of an open data set.
    pub fn of(data: &Dataset) -> Self {
        Self {
            name: data.name.to_string(),
            fingerprint: data.fingerprint(),
            train: data.train.len(),
            valid: data.valid.len(),
            test: data.test.as_ref().map_or(0, |test| test.len()),
            skipped: data.skipped.clone(),
        }
    }
}
