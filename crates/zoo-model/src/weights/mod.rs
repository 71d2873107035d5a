//! `model.safetensors`: weights with all that is needed to use them.

mod read;

use std::{collections::BTreeMap, fs::File, io::Write, path::Path};

use burn::{
    module::Module,
    store::{ModuleSnapshot, bridge, burn_pack},
    tensor::{DType, TensorData},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zoo_data::{Preprocess, shown};

pub use read::Lazy;
pub(crate) use read::tensors;

use super::{DataShape, ModelSettings};
use crate::{Error, disk::write_whole, version::BURN_VERSION};

/// The metadata key of the safetensors file under which a [`WeightsInfo`] travels.
const KEY: &str = "burn-zoo";
/// The metadata key by which the zoo knows what it has exported to another library. Its value is the
/// library's name, or the [`WeightsInfo`] where the library has no other place for it.
pub const EXPORT_KEY: &str = "burn-zoo-export";
/// The metadata keys of a file of features: that it is one, and which images they are of.
const FEATURES_KEY: &str = "burn-zoo-features";
const IMAGES_KEY: &str = "images";
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
    /// [`Error::Io`] or [`Error::Run`] if this is not a weights file written by the zoo, or if what it says of
    /// its classes and images does not fit its network.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::read_from(path, KEY)
    }

    /// Reads the header of a file in another library's layout.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] if the zoo has not exported it, or has put this beside it.
    pub fn exported(path: &Path) -> Result<Self, Error> {
        Self::read_from(path, EXPORT_KEY)
    }

    /// Refuses the weights at `path`, of which this is read, where they give no classes.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the network has no head.
    pub fn check_head(&self, path: &Path) -> Result<(), Error> {
        match self.classes.is_empty() {
            true => Err(Error::run(
                path,
                "has no head, so it gives features and no classes: `zoo features` writes them; for classes, \
                 train with it as `pretrained` and `fine_tune.head` `new`",
            )),
            false => Ok(()),
        }
    }

    fn read_from(path: &Path, key: &str) -> Result<Self, Error> {
        let refuse = |message: &str| Error::run(path, message);
        let metadata = read_metadata(path)?;
        let info = metadata[key].as_str().ok_or_else(|| {
            refuse(
                "contains weights, but not the model, classes and preprocessing that zoo writes \
                    with them",
            )
        })?;
        let info: Self = serde_json::from_str(info)
            .map_err(|error| refuse(&format!("was written by another version of zoo: {error}")))?;
        info.check().map_err(|message| refuse(&message))?;
        Ok(info)
    }

    /// Refuses what is said of the network and of its data where both contradict each other.
    fn check(&self) -> Result<(), String> {
        let Self { model, classes, preprocess } = self;
        preprocess.check().map_err(|error| error.to_string())?;
        let DataShape { num_classes, channels, image_size } = model.shape();
        let (named, prepared, side) = (classes.len(), preprocess.channels(), preprocess.image_size);
        if named != num_classes && named != 0 {
            return Err(format!("names {named} classes, and its network has {num_classes}"));
        }
        match (prepared, side) == (channels, image_size) {
            true => Ok(()),
            false => Err(format!(
                "prepares images of {side} px (channels: {prepared}), and its network sees {image_size} px \
                 (channels: {channels})"
            )),
        }
    }
}

/// Whether the zoo has written this file of weights, in whatever layout.
pub fn is_written_here(path: &Path) -> bool {
    read_metadata(path)
        .is_ok_and(|metadata| metadata[KEY].is_string() || metadata[EXPORT_KEY].is_string())
}

/// Writes features of images, a row each, as the tensor `features` of a safetensors file, with the names
/// of the images in its metadata, as a JSON list under `images`.
///
/// # Errors
///
/// [`Error::Failed`] if the file cannot be written.
pub fn write_features(path: &Path, images: &[String], features: &[Vec<f32>]) -> Result<(), Error> {
    let names = serde_json::to_string(images)
        .map_err(|error| Error::Failed(format!("{}: cannot write: {error}", shown(path))))?;
    let metadata = [("format", "pt"), (FEATURES_KEY, "1"), (IMAGES_KEY, names.as_str())];
    let values: Vec<f32> = features.concat();
    let shape = [features.len(), features.first().map_or(0, Vec::len)];
    let tensor = bridge::from_data(TensorData::new(values, shape), String::from("features"), None);
    write_tensors(path, &metadata, vec![tensor])
}

/// Whether the zoo has written features to this file.
pub fn is_features_file(path: &Path) -> bool {
    read_metadata(path).is_ok_and(|metadata| metadata[FEATURES_KEY].is_string())
}

/// The metadata of a safetensors file; null where it has none.
fn read_metadata(path: &Path) -> Result<Value, Error> {
    let header = read::header(path, &mut File::open(path).map_err(Error::io(path))?)?;
    let mut header: Value = serde_json::from_slice(&header)
        .map_err(|_| Error::run(path, "is not a safetensors file, or is truncated"))?;
    Ok(header["__metadata__"].take())
}

/// Writes `model` to `path` as one unit: a crash leaves the file as it was. The same network gives the
/// same bytes. Without `info`, of a network that the zoo does not know, only Burn can load them.
///
/// # Errors
///
/// [`Error::Failed`] if the file cannot be written.
pub fn save_weights<M: Module>(
    model: &M,
    path: &Path,
    info: Option<&WeightsInfo>,
) -> Result<(), Error> {
    let info = info
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::Failed(format!("{}: cannot write: {error}", shown(path))))?;
    let mut metadata =
        vec![("format", "safetensors"), ("producer", "burn"), ("version", BURN_VERSION)];
    if let Some(info) = &info {
        metadata.insert(0, (KEY, info));
    }
    write_tensors(path, &metadata, model.collect(None, None, false))
}

/// Writes a safetensors file of f32, and of i64 for what counts, its metadata in the order given, its tensors in that of their
/// names, one after the other. The `safetensors` crate shuffles the metadata and lets nobody but the
/// owner read.
///
/// # Errors
///
/// [`Error::Failed`] if the file cannot be written, or a tensor is of another type.
pub fn write_tensors(
    path: &Path,
    metadata: &[(&str, &str)],
    tensors: Vec<burn_pack::Tensor>,
) -> Result<(), Error> {
    let failed = |error: String| Error::Failed(format!("{}: cannot write: {error}", shown(path)));
    if let Some(tensor) = tensors.iter().find(|tensor| name_of(tensor.dtype).is_none()) {
        let found = tensor.dtype;
        return Err(failed(format!("`{}` is of {found:?}, expected f32 or i64", tensor.name)));
    }
    let tensors: BTreeMap<&str, &burn_pack::Tensor> =
        tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    write_whole(path, |file| {
        let header = header(metadata, &tensors);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        tensors.values().try_for_each(|tensor| {
            let bytes = tensor.to_bytes().map_err(std::io::Error::other)?;
            file.write_all(&bytes)
        })
    })
    .map_err(|error| failed(error.to_string()))
}

/// What safetensors calls a type of numbers that is written.
fn name_of(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::F32 => Some("F32"),
        DType::I64 => Some("I64"),
        _ => None,
    }
}

/// The JSON that a safetensors file begins with, filled up to a multiple of eight bytes.
fn header(metadata: &[(&str, &str)], tensors: &BTreeMap<&str, &burn_pack::Tensor>) -> Vec<u8> {
    let metadata: Map<String, Value> =
        metadata.iter().map(|&(key, value)| (key.to_string(), json!(value))).collect();
    let mut header = Map::from_iter([(String::from("__metadata__"), Value::Object(metadata))]);
    let mut start = 0;
    for (name, tensor) in tensors {
        let end = start + tensor.byte_len();
        let shape: Vec<usize> = tensor.shape.to_vec();
        let entry =
            json!({"dtype": name_of(tensor.dtype), "shape": shape, "data_offsets": [start, end]});
        header.insert(name.to_string(), entry);
        start = end;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    text
}

#[cfg(test)]
mod tests;
