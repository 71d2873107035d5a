//! From a network of the zoo to a file that other libraries read.

use std::path::{Path, PathBuf};

use burn::store::BurnToPyTorchAdapter;
use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
use zoo_vit::{Activation, Pooling, Position, VitConfig};

use super::{
    layout::{LAYOUTS, Layout, ZOO},
    sidecar::{self, Written},
    source::{Lazy, third},
};
use crate::{
    Error,
    model::{AnyModel, EXPORT_KEY, ModelSettings, WeightsInfo, write_tensors},
    overwrite::check_beside,
};

/// What an export has made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// The files, the weights first.
    pub files: Vec<PathBuf>,
    /// What the library cannot express of how images are prepared, and what to do, a sentence each.
    pub notes: Vec<String>,
}

/// Writes `model` as safetensors of f32, by the names that the library `layout` has, with the JSON
/// files that it wants beside them.
///
/// # Errors
///
/// [`Error::Usage`] if the library has no such network, [`Error::Run`] if it has none with these
/// settings, or other files lie where the JSON files would, [`Error::Failed`] if a file cannot be
/// written.
pub fn export(
    model: &AnyModel,
    info: &WeightsInfo,
    layout: &str,
    out: &Path,
) -> Result<Exported, Error> {
    if layout == ZOO {
        model.save(out, info)?;
        return Ok(Exported { files: vec![out.to_path_buf()], notes: Vec::new() });
    }
    let name = info.model.name();
    let layout = Layout::named(layout, name).ok_or_else(|| {
        let known = LAYOUTS.iter().filter(|known| known.model == name).map(|known| known.name);
        let known: Vec<&str> = std::iter::once(ZOO).chain(known).collect();
        Error::Usage(format!(
            "--layout {layout}: {layout} has no model `{name}`; expected {}",
            known.join(" or ")
        ))
    })?;
    check(&info.model, layout).map_err(Error::Usage)?;
    layout.beside.iter().try_for_each(|name| check_beside(out, name))?;
    let failed =
        |error: String| Error::Failed(format!("{}: cannot write: {error}", zoo_data::shown(out)));
    let mut tensors = Vec::new();
    for tensor in model.tensors(Some(Box::new(BurnToPyTorchAdapter))) {
        for (name, mut part) in theirs(layout, tensor).map_err(failed)? {
            part.name = name;
            tensors.push(part);
        }
    }
    // A library that has no file for what is not a tensor leaves it to the tensors' file.
    let told = match layout.beside {
        [] => serde_json::to_string(info).map_err(|error| failed(error.to_string()))?,
        _ => layout.name.to_string(),
    };
    write_tensors(out, &[("format", "pt"), (EXPORT_KEY, &told)], tensors)?;
    let Written { files, notes } = sidecar::write(layout.name, out, info)?;
    Ok(Exported { files: std::iter::once(out.to_path_buf()).chain(files).collect(), notes })
}

/// Refuses a network that would go by the library's names and compute something else there.
fn check(model: &ModelSettings, layout: &Layout) -> Result<(), String> {
    let fits = match model {
        ModelSettings::AlexNet(settings) => {
            let config = AlexNetConfig::from(settings.clone());
            let torchvision = AlexNetConfig::preset(AlexNetPreset::Torchvision);
            config
                == AlexNetConfig {
                    preset: config.preset,
                    num_classes: config.num_classes,
                    image_size: config.image_size,
                    dropout: config.dropout,
                    dropout_after_hidden: config.dropout_after_hidden,
                    initialization: config.initialization,
                    ..torchvision
                }
        }
        ModelSettings::Vit(settings) => {
            let config = VitConfig::from(settings.clone());
            let is_gelu = config.activation.unwrap_or_default() == Activation::Gelu;
            config.pooling == Pooling::ClassToken
                && config.position == Position::Learned
                && (is_gelu || layout.name != "torchvision")
        }
        ModelSettings::Cnn(_) => false,
    };
    let wanted = match model {
        ModelSettings::AlexNet(_) => "RGB images and the sizes of the preset torchvision",
        _ if layout.name == "torchvision" => "a class token, learned positions and the exact GELU",
        _ => "a class token and learned positions",
    };
    let library = layout.name;
    fits.then_some(()).ok_or_else(|| {
        format!(
            "--layout {library}: {library} supports this network only with {wanted}; use --layout zoo"
        )
    })
}

/// A tensor, or three instead of one, by the library's names.
fn theirs(layout: &Layout, tensor: Lazy) -> Result<Vec<(String, Lazy)>, String> {
    let third =
        |(index, part): (usize, &&str)| third(&tensor.name.replace("qkv", part), &tensor, index);
    let parts = match layout.splits_attention && tensor.name.contains(".qkv.") {
        true => ["query", "key", "value"].iter().enumerate().map(third).collect(),
        false => vec![tensor],
    };
    let named = parts.into_iter().map(|part| match layout.theirs(&part.name) {
        Some(name) => Ok((name, part)),
        None => Err(format!("{} has no place for `{}`", layout.name, part.name)),
    });
    named.collect()
}
