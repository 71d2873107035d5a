//! Tensors of a file, by its own names, whatever wrote it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use burn::{
    store::{
        ModuleStore, PytorchStore, SafetensorsStore,
        bridge::{data_len, deferred, to_data},
    },
    tensor::{DType, TensorData},
};
use serde::Deserialize;

use super::pickle;
use crate::Error;

pub use zoo_model::Lazy;

/// Tensors by their names, which are those of the file: of what lies in dictionaries, with the keys
/// before them.
#[derive(Clone, Default)]
pub struct Tensors {
    /// The file that they come from.
    pub path: PathBuf,
    /// The tensors.
    pub tensors: BTreeMap<String, Lazy>,
}

/// The file that says in which other file each tensor lies, as Hugging Face's libraries write it.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Tensors {
    /// Reads names, types and shapes of a safetensors file or of a PyTorch file, told apart by their
    /// content, or of several that an index names.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if a file cannot be read, contradicts itself, or wants
    /// something called.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let tensors = match path.extension().is_some_and(|ending| ending == "json") {
            true => indexed(path)?,
            false => read(path)?,
        };
        Ok(Self { path: path.to_path_buf(), tensors })
    }

    /// An [`Error::Run`] about the file.
    pub fn refuse(&self, message: impl Into<String>) -> Error {
        Error::run(&self.path, message)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Lazy>, Error> {
    let refuse = |message: String| Error::run(path, message);
    if is_safetensors(path)? {
        return SafetensorsStore::from_file(path)
            .get_all_tensors()
            .cloned()
            .map_err(|error| refuse(format!("is not a valid safetensors file: {error}")));
    }
    pickle::check(path)?;
    PytorchStore::from_file(path)
        .map_indices_contiguous(false)
        .get_all_tensors()
        .cloned()
        .map_err(|error| refuse(format!("is no sound PyTorch file: {error}")))
}

/// The tensors of all files that an index names, which lie beside it.
fn indexed(path: &Path) -> Result<BTreeMap<String, Lazy>, Error> {
    let refuse = |message: String| Error::run(path, message);
    let mut tensors = BTreeMap::new();
    for shard in shards(path)? {
        for (name, tensor) in read(&path.with_file_name(&shard))? {
            if tensors.insert(name.clone(), tensor).is_some() {
                return Err(refuse(format!("has `{name}` in several files, {shard} among them")));
            }
        }
    }
    let index = read_index(path)?;
    match index.weight_map.iter().find(|(name, _)| !tensors.contains_key(*name)) {
        Some((name, shard)) => Err(refuse(format!("names `{name}`, which {shard} does not hold"))),
        None => Ok(tensors),
    }
}

/// The files that an index names, each once.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be read, [`Error::Run`] if it is none, or names a file elsewhere.
pub fn shards(path: &Path) -> Result<BTreeSet<String>, Error> {
    let shards: BTreeSet<String> = read_index(path)?.weight_map.into_values().collect();
    match shards.iter().find(|shard| Path::new(shard).file_name() != Some(shard.as_ref())) {
        Some(elsewhere) => Err(Error::run(
            path,
            format!("names the file {elsewhere:?}: expected one beside it, without a folder"),
        )),
        None => Ok(shards),
    }
}

fn read_index(path: &Path) -> Result<Index, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|error| {
        let expected = "expected `weight_map`, which says in which file each tensor lies";
        Error::run(path, format!("is no index of weights: {expected} ({error})"))
    })
}

/// `tensor` as f32, and whether it was of another type; `None` if it holds no floating-point numbers.
pub fn as_f32(tensor: &Lazy) -> Option<(Lazy, bool)> {
    match tensor.dtype {
        DType::F32 => Some((tensor.clone(), false)),
        DType::F16 | DType::BF16 | DType::F64 => {
            let source = tensor.clone();
            let read = move || Ok(to_data(&source)?.convert::<f32>());
            let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
            Some((deferred(name, DType::F32, shape, None, read), true))
        }
        _ => None,
    }
}

/// Three tensors of equal shape as one, one after the other.
pub fn join(name: &str, parts: [Lazy; 3]) -> Lazy {
    let mut extents = parts[0].shape.to_vec();
    extents[0] *= 3;
    deferred(name.to_string(), DType::F32, extents.clone().into(), None, move || {
        let mut bytes = Vec::with_capacity(3 * parts[0].byte_len());
        for part in &parts {
            bytes.extend_from_slice(&part.to_bytes()?);
        }
        Ok(TensorData::from_bytes_vec(bytes, extents.clone(), DType::F32))
    })
}

/// The third number `part` of a tensor that [`join`] has made.
pub fn third(name: &str, whole: &Lazy, part: usize) -> Lazy {
    let mut extents = whole.shape.to_vec();
    extents[0] /= 3;
    let whole = whole.clone();
    let length = data_len(DType::F32, &extents.clone().into());
    deferred(name.to_string(), DType::F32, extents.clone().into(), None, move || {
        let bytes = whole.to_bytes()?[part * length..][..length].to_vec();
        Ok(TensorData::from_bytes_vec(bytes, extents.clone(), DType::F32))
    })
}

/// A safetensors file starts with the length of its header, and its header with a brace.
fn is_safetensors(path: &Path) -> Result<bool, Error> {
    let mut start = [0; 9];
    let mut file = File::open(path).map_err(Error::io(path))?;
    match file.read_exact(&mut start) {
        Ok(()) => Ok(start[8] == b'{'),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(Error::run(path, "is not a weights file: it is shorter than 9 bytes"))
        }
        Err(error) => Err(Error::io(path)(error)),
    }
}
