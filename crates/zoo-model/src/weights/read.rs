//! Reading weights, a tensor at a time.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use burn::{
    store::{bridge::deferred, burn_pack},
    tensor::{DType, TensorData},
};
use safetensors::{Dtype, tensor::Metadata};

use super::LARGEST_HEADER;
use crate::Error;

/// A tensor whose values are read on request.
pub type Lazy = burn_pack::Tensor;

/// Bytes that are read at a time: a multiple of every number's.
const PART: usize = 1 << 18;

/// The header of a safetensors file.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read, [`Error::Run`] if it is none.
pub(super) fn header(path: &Path, file: &mut File) -> Result<Vec<u8>, Error> {
    let refuse = |message: &str| Error::run(path, message);
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| refuse("is not a safetensors file: too short"))?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER {
        return Err(refuse("is not a safetensors file: its header would be longer than 64 MiB"));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(Error::io(path))?;
    Ok(header)
}

/// The tensors of a safetensors file, each read when it is asked for. The file is not mapped: what has been
/// read of it would count as memory of the process, beside the weights that were made of it.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read, [`Error::Run`] if it is none, is truncated, or has
/// numbers of another type than the zoo writes.
pub(crate) fn tensors(path: &Path) -> Result<Vec<Lazy>, Error> {
    let refuse = |message: String| Error::run(path, message);
    let mut file = File::open(path).map_err(Error::io(path))?;
    let header = self::header(path, &mut file)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| refuse(format!("is not a valid safetensors file: {error}")))?;
    let start = (size_of::<u64>() + header.len()) as u64;
    let found = file.metadata().map_err(Error::io(path))?.len();
    let expected = start + metadata.data_len() as u64;
    if found != expected {
        return Err(refuse(format!(
            "is truncated or damaged: by its header it has {expected} bytes, found {found}"
        )));
    }
    let file = Arc::new(Mutex::new(file));
    let lazy = metadata.tensors().into_iter().map(|(name, tensor)| {
        let dtype = type_of(tensor.dtype).ok_or_else(|| {
            let found = tensor.dtype;
            refuse(format!(
                "has `{name}` of {found:?}, expected F32 or I64: save the weights in float32"
            ))
        })?;
        let (shape, file) = (tensor.shape.clone(), file.clone());
        let (from, to) = tensor.data_offsets;
        Ok(deferred(name, dtype, shape.clone().into(), None, move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let bytes = (start + from as u64, to - from);
            let data = match dtype {
                DType::I64 => numbers(&mut file, bytes, i64::from_le_bytes)
                    .map(|values| TensorData::new(values, shape.clone())),
                _ => numbers(&mut file, bytes, f32::from_le_bytes)
                    .map(|values| TensorData::new(values, shape.clone())),
            };
            data.map_err(|error| burn_pack::Error::IoError(error.to_string()))
        }))
    });
    lazy.collect()
}

/// The numbers in so many bytes from `start` on, each `of` some bytes, in memory once.
fn numbers<N, const SIZE: usize>(
    file: &mut File,
    (start, length): (u64, usize),
    of: fn([u8; SIZE]) -> N,
) -> io::Result<Vec<N>> {
    file.seek(SeekFrom::Start(start))?;
    let mut numbers = Vec::with_capacity(length / SIZE);
    let mut part = vec![0; length.min(PART)];
    for place in (0..length).step_by(PART) {
        let part = &mut part[..PART.min(length - place)];
        file.read_exact(part)?;
        numbers.extend(part.as_chunks().0.iter().map(|bytes| of(*bytes)));
    }
    Ok(numbers)
}

/// What Burn calls a type of numbers that the zoo writes.
fn type_of(dtype: Dtype) -> Option<DType> {
    match dtype {
        Dtype::F32 => Some(DType::F32),
        Dtype::I64 => Some(DType::I64),
        _ => None,
    }
}
