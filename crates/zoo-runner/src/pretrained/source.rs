//! Tensors of a file, by their names, whatever wrote it.

use std::{
    collections::BTreeMap,
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

use super::pickle;
use crate::Error;

/// Under which a file may keep its weights among other things, the one that is taken first: timm
/// prefers the moving average, too.
const NESTED: [&str; 6] =
    ["state_dict_ema", "model_ema", "state_dict", "model", "model_state", "model_state_dict"];
/// What a wrapper of several devices puts before every name.
const WRAPPED: &str = "module.";

pub use crate::model::Lazy;

/// Tensors by their names.
#[derive(Clone, Default)]
pub struct Tensors {
    /// The file that they come from.
    pub path: PathBuf,
    /// The tensors.
    pub tensors: BTreeMap<String, Lazy>,
    /// Names of tensors of another type than f32, which are converted.
    pub converted: Vec<String>,
}

impl Tensors {
    /// Reads names, types and shapes of a safetensors file or of a PyTorch file, told apart by their
    /// content.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if the file cannot be read, contradicts itself, or wants
    /// something called.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |message: String| Error::run(path, message);
        let tensors = match is_safetensors(path)? {
            true => SafetensorsStore::from_file(path)
                .get_all_tensors()
                .cloned()
                .map_err(|error| refuse(format!("is no sound safetensors file: {error}")))?,
            false => {
                pickle::check(path)?;
                PytorchStore::from_file(path)
                    .map_indices_contiguous(false)
                    .get_all_tensors()
                    .cloned()
                    .map_err(|error| refuse(format!("is no sound PyTorch file: {error}")))?
            }
        };
        let mut tensors = Self { path: path.to_path_buf(), tensors, converted: Vec::new() };
        tensors.unwrap();
        Ok(tensors)
    }

    /// Keeps the weights where other things lie beside them, and takes away what is before every
    /// name.
    fn unwrap(&mut self) {
        let holds = |prefix: &str| self.tensors.keys().any(|name| name.starts_with(prefix));
        let nested = NESTED.iter().map(|key| format!("{key}.")).find(|prefix| holds(prefix));
        for prefix in nested.into_iter().chain([String::from(WRAPPED)]) {
            if self.tensors.keys().any(|name| name.starts_with(&prefix)) {
                let kept = std::mem::take(&mut self.tensors).into_iter();
                let kept = kept.filter_map(|(name, tensor)| {
                    Some((name.strip_prefix(&prefix)?.to_string(), tensor))
                });
                self.tensors = kept.collect();
            }
        }
    }

    /// The extents of a tensor, if it is there.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|tensor| tensor.shape.to_vec())
    }

    /// The extents of a tensor that must be there.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if it is not, or has other than `N` dimensions.
    pub fn dims<const N: usize>(&self, name: &str) -> Result<[usize; N], Error> {
        let shape = self.shape(name).ok_or_else(|| self.refuse(format!("lacks `{name}`")))?;
        let found = format!("{shape:?}");
        shape.try_into().map_err(|_| {
            self.refuse(format!(
                "has `{name}` of shape {found}, where {N} dimensions were expected"
            ))
        })
    }

    /// Has every tensor give f32.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if one holds no floating-point numbers.
    pub fn into_f32(mut self) -> Result<Self, Error> {
        for (name, tensor) in &mut self.tensors {
            match tensor.dtype {
                DType::F32 => {}
                DType::F16 | DType::BF16 | DType::F64 => {
                    let source = tensor.clone();
                    let read = move || Ok(to_data(&source)?.convert::<f32>());
                    let shape = tensor.shape.clone();
                    *tensor = deferred(name.clone(), DType::F32, shape, None, read);
                    self.converted.push(name.clone());
                }
                other => {
                    let message =
                        format!("has `{name}` of type {other:?}: expected f32, f16, bf16 or f64");
                    return Err(Error::run(&self.path, message));
                }
            }
        }
        Ok(self)
    }

    /// An [`Error::Run`] about the file.
    pub fn refuse(&self, message: impl Into<String>) -> Error {
        Error::run(&self.path, message)
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
            Err(Error::run(path, "is no file of weights: it is shorter than 9 bytes"))
        }
        Err(error) => Err(Error::io(path)(error)),
    }
}
