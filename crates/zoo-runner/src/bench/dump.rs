//! What a case computes with, for another program to compute the same.

use std::{fs, path::Path};

use burn::tensor::Tensor;
use zoo_data::Batch;
use zoo_model::{AnyModel, WeightsInfo, is_written_here};

use crate::{Error, overwrite::check_no_run};

/// The files of a dump.
const FILES: [&str; 4] = ["model.safetensors", "images.f32", "targets.f32", "logits.f32"];

/// Refuses a folder with files of these names that are of no dump.
///
/// # Errors
///
/// [`Error::Run`].
pub fn check(folder: &Path) -> Result<(), Error> {
    check_no_run(folder)?;
    let there = FILES.into_iter().find(|name| folder.join(name).exists());
    match there.filter(|_| !is_written_here(&folder.join(FILES[0]))) {
        None => Ok(()),
        Some(name) => Err(Error::run(
            folder,
            format!("holds `{name}`, which no --dump has written: choose another folder"),
        )),
    }
}

/// Writes to `folder`, which is made if need be:
///
/// - `model.safetensors`: the weights
/// - `images.f32`: the images of all `batches`, `[batches, batch, channels, height, width]`
/// - `targets.f32`: their labels, `[batches, batch]`
/// - `logits.f32`: the class scores of the first batch, `[batch, num_classes]`
///
/// All but the weights are little-endian 32-bit floats, one after the other.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be written.
pub fn dump(
    folder: &Path,
    model: &AnyModel,
    info: &WeightsInfo,
    batches: &[Batch],
) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    model.save(&folder.join("model.safetensors"), info)?;
    let all = |tensors: Vec<Tensor<1>>| Tensor::cat(tensors, 0);
    let images = batches.iter().map(|batch| batch.images.clone().flatten(0, 3)).collect();
    let targets = batches.iter().map(|batch| batch.targets.clone().float()).collect();
    let logits = model.logits(batches[0].images.clone()).flatten(0, 1);
    for (name, values) in
        [("images.f32", all(images)), ("targets.f32", all(targets)), ("logits.f32", logits)]
    {
        let path = folder.join(name);
        let bytes: Vec<u8> = values.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
        fs::write(&path, bytes).map_err(Error::io(&path))?;
    }
    Ok(())
}
