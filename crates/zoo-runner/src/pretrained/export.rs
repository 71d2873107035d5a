//! From a network of the zoo to a file that other libraries read.

use std::path::{Path, PathBuf};

use burn::{
    store::BurnToPyTorchAdapter,
    tensor::{Bytes, DType, Shape},
};
use zoo_model::{AnyModel, EXPORT_KEY, WeightsInfo, write_tensors};

use super::{
    entry::{ZOO, layouts, layouts_of},
    layout::{COUNTER, Layout},
    source::{Lazy, third},
};
use crate::{Error, overwrite::check_beside};

/// What an export has made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// The files, the weights first.
    pub files: Vec<PathBuf>,
    /// What the library cannot express of how images are prepared, and what to do, a sentence each.
    pub notes: Vec<String>,
}

/// Writes `model` as safetensors of f32, by the names that `library` has, with the JSON files that it
/// wants beside them.
///
/// # Errors
///
/// [`Error::Usage`] if the library has no such network, [`Error::Run`] if it has none with these
/// settings, or other files lie where the JSON files would, [`Error::Failed`] if a file cannot be
/// written.
pub fn export(
    model: &AnyModel,
    info: &WeightsInfo,
    library: &str,
    out: &Path,
) -> Result<Exported, Error> {
    if library == ZOO {
        model.save(out, info)?;
        return Ok(Exported { files: vec![out.to_path_buf()], notes: Vec::new() });
    }
    let name = info.model.name();
    let layout = fitting(info, library, name)?;
    layout.beside.iter().try_for_each(|name| check_beside(out, name))?;
    let failed =
        |error: String| Error::Failed(format!("{}: cannot write: {error}", zoo_data::shown(out)));
    let mut tensors = Vec::new();
    for tensor in model.tensors(Some(Box::new(BurnToPyTorchAdapter))) {
        for (name, mut part) in theirs(layout, tensor).map_err(failed)? {
            tensors.extend(counter(&name));
            part.name = name;
            tensors.push(part);
        }
    }
    if let Some(finish) = layout.finish {
        tensors = finish(&info.model, tensors);
    }
    // A library that has no file for what is not a tensor leaves it to the tensors' file.
    let told = match layout.beside {
        [] => serde_json::to_string(info).map_err(|error| failed(error.to_string()))?,
        _ => library.to_string(),
    };
    write_tensors(out, &[("format", "pt"), (EXPORT_KEY, &told)], tensors)?;
    let mut documents = (layout.describe)(info);
    let notes = std::mem::take(&mut documents.notes);
    let files = std::iter::once(out.to_path_buf()).chain(documents.write(out)?).collect();
    Ok(Exported { files, notes })
}

/// The library's layout for this network.
fn fitting(info: &WeightsInfo, library: &str, name: &str) -> Result<&'static Layout, Error> {
    let layouts_of = layouts_of(library, name);
    if layouts_of.is_empty() {
        let mut known = vec![ZOO];
        for layout in layouts(None).into_iter().filter(|known| known.model == name) {
            if !known.contains(&layout.library) {
                known.push(layout.library);
            }
        }
        return Err(Error::Usage(format!(
            "--layout {library}: {library} has no model `{name}`; expected {}",
            known.join(" or ")
        )));
    }
    let mut lacking: Vec<&str> = Vec::new();
    for layout in &layouts_of {
        match (layout.lacks)(&info.model) {
            None => return Ok(layout),
            Some(lacks) if lacking.contains(&lacks) => {}
            Some(lacks) => lacking.push(lacks),
        }
    }
    let lacking = lacking.join("; or with ");
    Err(Error::Usage(format!(
        "--layout {library}: {library} supports this network only with {lacking}; use --layout zoo"
    )))
}

/// A tensor, or three instead of one, by the library's names.
fn theirs(layout: &Layout, tensor: Lazy) -> Result<Vec<(String, Lazy)>, String> {
    let third = |(index, name): (usize, &String)| third(name, &tensor, index);
    let parts = match layout.split.and_then(|split| split.of(&tensor.name)) {
        Some(names) => names.iter().enumerate().map(third).collect(),
        None => vec![tensor],
    };
    let named = parts.into_iter().map(|part| match layout.theirs(&part.name) {
        Some(name) => Ok((name, part)),
        None => Err(format!("{} has no place for `{}`", layout.library, part.name)),
    });
    named.collect()
}

/// The tensor in which PyTorch counts batches, beside the variance of that name: some libraries warn
/// where it is missing. How many there were is not known.
fn counter(variance: &str) -> Option<Lazy> {
    let norm = variance.strip_suffix("running_var")?;
    let zero = Bytes::from_bytes_vec(0i64.to_le_bytes().to_vec());
    Some(Lazy::new(format!("{norm}{COUNTER}"), DType::I64, Shape::from([0usize; 0]), None, zero))
}
