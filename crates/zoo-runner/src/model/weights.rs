//! `model.safetensors`: weights with all that is needed to use them.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    store::{ModuleSnapshot, SafetensorsStore},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zoo_data::Preprocess;

use super::ModelSettings;
use crate::Error;

/// The metadata key of the safetensors file under which a [`WeightsInfo`] travels.
const KEY: &str = "burn-zoo";
/// The metadata key of a file in another library's layout that has no other place for it.
pub const EXPORTED: &str = "burn-zoo-export";
/// A longer header than this belongs to no network.
const LARGEST_HEADER: u64 = 64 << 20;

/// What travels with weights: enough to predict with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsInfo {
    /// The network, with every setting written out.
    pub model: ModelSettings,
    /// Class names in the order of the logits.
    pub classes: Vec<String>,
    /// How an image must be prepared.
    pub preprocess: Preprocess,
}

impl WeightsInfo {
    /// Reads the header of `path` alone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if this is no file of weights that the zoo wrote.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::read_from(path, KEY)
    }

    /// Reads the header of a file in another library's layout.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if the zoo has not exported it, or has put this beside it.
    pub fn exported(path: &Path) -> Result<Self, Error> {
        Self::read_from(path, EXPORTED)
    }

    fn read_from(path: &Path, key: &str) -> Result<Self, Error> {
        let refuse = |message: &str| Error::run(path, message);
        let mut file = File::open(path).map_err(Error::io(path))?;
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| refuse("is no safetensors file: too short"))?;
        let length = u64::from_le_bytes(length);
        if length > LARGEST_HEADER {
            return Err(refuse("is no safetensors file: its header would be over 64 MiB long"));
        }
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header).map_err(Error::io(path))?;
        let header: Value = serde_json::from_slice(&header)
            .map_err(|_| refuse("is no safetensors file, or it was cut short"))?;
        let info = header["__metadata__"][key].as_str().ok_or_else(|| {
            refuse("has weights, but not the model, classes and preprocessing that zoo writes with them")
        })?;
        serde_json::from_str(info)
            .map_err(|error| refuse(&format!("was written by another version of zoo: {error}")))
    }
}

/// Writes `model` to `path` as one unit: a crash leaves the file as it was.
///
/// # Errors
///
/// [`Error::Failed`] if the file cannot be written.
pub fn save_weights<M: Module>(model: &M, path: &Path, info: &WeightsInfo) -> Result<(), Error> {
    let failed =
        |error: String| Error::Failed(format!("{}: cannot write: {error}", path.display()));
    let info = serde_json::to_string(info).map_err(|error| failed(error.to_string()))?;
    let part = partial(path);
    let mut store = SafetensorsStore::from_file(&part).overwrite(true).metadata(KEY, info);
    model.save_into(&mut store).map_err(|error| failed(error.to_string()))?;
    std::fs::rename(&part, path).map_err(|error| failed(error.to_string()))
}

fn partial(path: &Path) -> PathBuf {
    path.with_extension("safetensors.part")
}
