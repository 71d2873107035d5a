//! `checkpoint.json`, written last: whose checkpoint it is, where the run stood, and sums of the
//! other files.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zoo_model::{BURN_VERSION, ZOO_VERSION};

use super::RunProgress;
use crate::{
    Error,
    run_dir::{read_json, write_json},
};

const NAME: &str = "checkpoint.json";

/// What a checkpoint must share with the run that goes on from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of the zoo.
    pub zoo_version: String,
    /// Version of Burn.
    pub burn_version: String,
    /// The network, with every setting written out, as JSON.
    pub model: Value,
    /// Fingerprint of the data set.
    pub data: String,
}

/// The seal of a complete checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    identity: Identity,
    /// Where the run stood.
    pub progress: RunProgress,
    files: BTreeMap<String, FileSum>,
}

/// By which a damaged file is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSum {
    bytes: u64,
    crc32c: u32,
}

impl Identity {
    /// Of a run of this program.
    /// `model` is what tells the network from others; `data` is the fingerprint of the images.
    pub fn new(model: &impl Serialize, data: String) -> Self {
        Self {
            zoo_version: ZOO_VERSION.to_string(),
            burn_version: BURN_VERSION.to_string(),
            model: serde_json::to_value(model).unwrap_or_default(),
            data,
        }
    }

    /// What of `self`, a checkpoint's, is another than a run's.
    fn difference(&self, run: &Self) -> Option<String> {
        if self.model != run.model {
            return Some(String::from("belongs to another network"));
        }
        if self.data != run.data {
            return Some(String::from("belongs to other images"));
        }
        let version = |identity: &Self| {
            format!("zoo {} with Burn {}", identity.zoo_version, identity.burn_version)
        };
        (version(self) != version(run))
            .then(|| format!("was written by {}, this is {}", version(self), version(run)))
    }
}

impl Seal {
    /// Seals the files that lie in `folder`.
    pub fn write(folder: &Path, identity: Identity, progress: RunProgress) -> Result<(), Error> {
        let seal = Self { identity, progress, files: sums(folder).map_err(Error::io(folder))? };
        write_json(&folder.join(NAME), &seal)
    }

    /// The seal of the checkpoint in `folder`.
    ///
    /// # Errors
    ///
    /// Says what is damaged.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let seal: Self = read_json(&folder.join(NAME))?;
        for (name, expected) in &seal.files {
            let path = folder.join(name);
            let found = FileSum::of(&path).map_err(Error::io(&path))?;
            if found != *expected {
                return Err(Error::run(&path, "is corrupt: its checksum does not match"));
            }
        }
        Ok(seal)
    }

    /// Refuses a checkpoint of another network, other images or another version.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] that says which.
    pub fn check(&self, folder: &Path, run: &Identity) -> Result<(), Error> {
        match self.identity.difference(run) {
            Some(what) => Err(Error::run(folder, format!("{what}: start over with --force"))),
            None => Ok(()),
        }
    }
}

fn sums(folder: &Path) -> io::Result<BTreeMap<String, FileSum>> {
    let mut sums = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sums.insert(entry.file_name().to_string_lossy().into_owned(), FileSum::of(&entry.path())?);
    }
    Ok(sums)
}

impl FileSum {
    fn of(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self { bytes: bytes.len() as u64, crc32c: crc32c::crc32c(&bytes) })
    }
}
