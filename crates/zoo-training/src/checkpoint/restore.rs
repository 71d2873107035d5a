//! Going on from a checkpoint, on the rank that has it and on all others.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    optim::{ModuleOptimizer, OptimizerRecord},
    store::ModuleRecord,
    tensor::Bytes,
};

use super::{EMA, MODEL, OPTIMIZER, RunProgress};
use crate::{Error, Ranks};

/// A complete checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    files: Files,
    /// Where the run stood.
    pub progress: RunProgress,
    /// Why later ones were passed over, a sentence each.
    pub notes: Vec<String>,
}

/// Where the files of a checkpoint are.
#[derive(Clone, Debug)]
enum Files {
    Folder(PathBuf),
    /// By name, as another rank has sent them.
    Memory(BTreeMap<&'static str, Vec<u8>>),
}

impl Checkpoint {
    pub(super) fn in_folder(folder: PathBuf, progress: RunProgress, notes: Vec<String>) -> Self {
        Self { files: Files::Folder(folder), progress, notes }
    }

    /// Gives `model`, its moving average if there is one, and `optimizer` the state that they had.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the files cannot be read or are of another network.
    pub fn restore<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(M, Option<M>, ModuleOptimizer), Error> {
        let ema = match self.files.has(EMA) {
            true => Some(self.load(EMA, model.valid().materialize())?),
            false => None,
        };
        let model = self.load(MODEL, model)?;
        let record = match &self.files {
            Files::Folder(folder) => OptimizerRecord::load(folder.join(OPTIMIZER)),
            Files::Memory(_) => OptimizerRecord::from_bytes(self.files.bytes(OPTIMIZER)),
        };
        let record = record.map_err(unreadable(&self.files.path(OPTIMIZER)))?;
        Ok((model, ema, optimizer.load_record(record)))
    }

    fn load<M: Module>(&self, name: &str, model: M) -> Result<M, Error> {
        let path = self.files.path(name);
        let record = match &self.files {
            Files::Folder(_) => ModuleRecord::load(&path),
            Files::Memory(_) => ModuleRecord::from_bytes(self.files.bytes(name)),
        };
        model.try_load_record(record.map_err(unreadable(&path))?).map_err(unreadable(&path))
    }

    /// The checkpoint that the first rank has, on all ranks: no other needs its folder.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the files cannot be read, [`Error::Elsewhere`] on the other ranks.
    pub fn of_first(own: Option<Self>, ranks: &Ranks) -> Result<Option<Self>, Error> {
        if ranks.count() == 1 {
            return Ok(own);
        }
        let progress = own.as_ref().map(|checkpoint| checkpoint.progress);
        let Some(progress) = ranks.first(|| Ok::<_, Error>(progress))? else {
            return Ok(None);
        };
        let mut files = BTreeMap::new();
        for name in [MODEL, EMA, OPTIMIZER] {
            let read = own.as_ref().map_or(Ok(None), |own| own.files.read(name))?;
            if ranks.first(|| Ok::<_, Error>(read.is_some()))? {
                files.insert(name, ranks.bytes_of_first(read.unwrap_or_default())?);
            }
        }
        let sent = Self { files: Files::Memory(files), progress, notes: Vec::new() };
        Ok(Some(own.unwrap_or(sent)))
    }
}

impl Files {
    /// What to call a file.
    fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Memory(_) => PathBuf::from(name),
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).exists(),
            Self::Memory(files) => files.contains_key(name),
        }
    }

    /// The bytes of a file in memory; none of one that is not there.
    fn bytes(&self, name: &str) -> Bytes {
        let bytes = match self {
            Self::Folder(_) => None,
            Self::Memory(files) => files.get(name).cloned(),
        };
        Bytes::from_bytes_vec(bytes.unwrap_or_default())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(name);
        match self.has(name) {
            true => fs::read(&path).map(Some).map_err(unreadable(&path)),
            false => Ok(None),
        }
    }
}

fn unreadable<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Error + '_ {
    move |error| Error::run(path, format!("cannot be read: {error}; start over with --force"))
}
