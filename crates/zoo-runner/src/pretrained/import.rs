//! From a file of weights to a network of the zoo.

use std::path::Path;

use burn::{
    store::{ApplyError, ApplyResult, PyTorchToBurnAdapter},
    tensor::Device,
};
use zoo_data::Preprocess;
use zoo_model::{AnyModel, DataShape, ModelSettings, WeightsInfo, head_path, is_within};
use zoo_vit::VitConfig;

use super::{
    assume::Assumption,
    entry::{ZOO, layouts},
    finite::check_finite,
    layout::{Layout, Named, Names, some_of},
    locate::locate,
    options::ImportOptions,
    positions::Bicubic,
    report::ImportReport,
    sidecar::Sidecar,
    source::{Lazy, Tensors},
};
use crate::Error;

/// Weights with all that is needed to use them.
pub struct Pretrained {
    /// The network.
    pub model: AnyModel,
    /// What travels with it.
    pub info: WeightsInfo,
    /// How its library brings position embeddings to another number of patches.
    pub positions: Bicubic,
    /// What the file calls the tensors.
    pub names: Names,
    /// What became of the file's tensors.
    pub report: ImportReport,
}

/// Reads weights that the zoo, torchvision, timm or Hugging Face's transformers wrote: a file, or the
/// one of a folder.
///
/// # Errors
///
/// [`Error::Run`] for whatever the file holds that this network has not, or lacks, and
/// [`Error::Io`] if it cannot be read.
pub fn import(path: &Path, options: &ImportOptions, device: &Device) -> Result<Pretrained, Error> {
    let path = &locate(path)?;
    let own = match options.layout.as_deref() {
        None => WeightsInfo::read(path).ok(),
        Some(ZOO) => Some(WeightsInfo::read(path)?),
        Some(_) => None,
    };
    let mut pretrained = match own {
        Some(info) => own_layout(path, info, options.new_head, device)?,
        None => foreign_layout(path, options, device)?,
    };
    let found = pretrained.info.model.name();
    if let Some(asked) = options.model.as_deref().filter(|asked| *asked != found) {
        return Err(Error::run(path, format!("contains a `{found}` model, not `{asked}`")));
    }
    if let Some(asked) = options.num_heads {
        check_heads(&pretrained.info.model, asked).map_err(|message| Error::run(path, message))?;
    }
    pretrained.describe(path, options, device)?;
    Ok(pretrained)
}

/// Refuses another number of heads than weights have that say it.
fn check_heads(model: &ModelSettings, asked: usize) -> Result<(), String> {
    match VitConfig::try_from(model).map(|config| config.num_heads) {
        Ok(found) if found == asked => Ok(()),
        Ok(found) => Err(format!("has {found} attention heads, not {asked}")),
        Err(_) => Err(format!("is of kind `{}`, which has no attention heads", model.name())),
    }
}

fn own_layout(
    path: &Path,
    info: WeightsInfo,
    new_head: bool,
    device: &Device,
) -> Result<Pretrained, Error> {
    let mut model = info.model.blank(device);
    model.load(path)?;
    check_numbers(&model, new_head, None).map_err(|message| Error::run(path, message))?;
    let report = ImportReport {
        layout: String::from(ZOO),
        applied: model.tensors(None).len(),
        ..ImportReport::of(&info.model, &model)
    };
    let names = Names::default();
    Ok(Pretrained { model, info, positions: Bicubic::Antialiased, names, report })
}

fn foreign_layout(
    path: &Path,
    options: &ImportOptions,
    device: &Device,
) -> Result<Pretrained, Error> {
    let mut layouts = layouts(options.layout.as_deref());
    if let Some(library) = Sidecar::library(path)? {
        // Libraries have the same names for some networks.
        layouts.sort_by_key(|layout| layout.library != library);
    }
    let mut named = Named::of(Tensors::open(path)?, &layouts, options.new_head)?;
    let layout = named.layout;
    let sidecar = Sidecar::beside(path, layout.library)?;
    let applied = named.tensors.len();
    let mut assumed: Vec<_> = sidecar.notes.iter().cloned().map(Assumption::note).collect();
    let settings = (layout.infer)(&mut named, &sidecar, options, &mut assumed)?;
    settings.check().map_err(|message| named.refuse(message))?;
    let mut model = settings.blank(device);
    let tensors: Vec<Lazy> = std::mem::take(&mut named.tensors).into_values().collect();
    let result = model.apply(tensors, Some(Box::new(PyTorchToBurnAdapter)));
    check(&named, &model, &result)?;
    check_numbers(&model, options.new_head, Some(&named))
        .map_err(|message| named.refuse(message))?;
    let shape = settings.shape();
    let preprocess = match sidecar.preprocess {
        Some(told) if layout.interpolates => told,
        Some(told) => fitting(told, shape, options).map_err(|message| Error::run(path, message))?,
        None => {
            let usual = (layout.preprocess)(&settings);
            let usual = usual.preprocess(shape.image_size, shape.channels);
            assumed.extend(Assumption::preprocess(&usual, layout.library, options));
            usual
        }
    };
    let (classes, reason) = classes(sidecar.classes, shape.num_classes);
    let has_classes = shape.num_classes > 0;
    if let Some(reason) = reason.filter(|_| options.classes.is_none() && named.has_head) {
        assumed.extend(has_classes.then(|| Assumption::classes(&reason)));
    }
    if !has_classes && !options.new_head {
        assumed.push(Assumption::headless(settings.num_features()));
    }
    let report = ImportReport {
        layout: layout.library.to_string(),
        applied,
        prefix: named.prefix,
        unused: named.unused,
        converted: named.converted,
        assumed,
        ..ImportReport::of(&settings, &model)
    };
    let info = WeightsInfo { model: settings, classes, preprocess };
    Ok(Pretrained { model, info, positions: layout.positions, names: named.names, report })
}

/// The names that are told beside weights, if they are as many as the classes, or else numbers and
/// what to say of the reason.
fn classes(told: Option<Vec<String>>, num_classes: usize) -> (Vec<String>, Option<String>) {
    let reason = match told {
        Some(names) if names.len() == num_classes => return (names, None),
        Some(names) => {
            format!(", since {} are named beside the weights of {num_classes}", names.len())
        }
        None => String::new(),
    };
    ((0..num_classes).map(|label| format!("class {label}")).collect(), Some(reason))
}

/// The preprocessing that is told beside weights, for the images that they see. Those of another size
/// are meant only where the user asks for that size.
fn fitting(
    told: Preprocess,
    shape: DataShape,
    options: &ImportOptions,
) -> Result<Preprocess, String> {
    let DataShape { image_size, .. } = shape;
    if told.image_size != image_size && options.image_size.is_none() {
        return Err(format!(
            "sees images of {image_size} pixels, but the files beside it prepare images of {0}: give \
             --image-size {0} to have its positions resized, or --image-size {image_size}",
            told.image_size
        ));
    }
    Ok(Preprocess { image_size, ..told })
}

/// Refuses a file that lacks tensors, or has them of other shapes.
fn check(file: &Named, model: &AnyModel, result: &ApplyResult) -> Result<(), Error> {
    let (layout, names) = (file.layout, &file.names);
    if let Some(error) = result.errors.first() {
        let message = match error {
            ApplyError::ShapeMismatch { path, expected, found } => format!(
                "has `{}` of shape {:?}, expected {:?}",
                names.theirs(path),
                names.extents(found),
                names.extents(expected)
            ),
            ApplyError::LoadError { path, message }
            | ApplyError::AdapterError { path, message } => {
                format!("`{}` cannot be read: {message}", names.theirs(path))
            }
            other => other.to_string(),
        };
        return Err(file.refuse(message));
    }
    let layers = model.layers();
    let head = head_path(&layers);
    let is_wanted = |path: &str| file.has_head || !is_within(path, head);
    let missing: Vec<String> = result
        .missing
        .iter()
        .filter(|(path, _)| is_wanted(path))
        .map(|(path, _)| names.theirs(path))
        .collect();
    let unused: Vec<String> = result.unused.iter().map(|path| names.theirs(path)).collect();
    let Layout { model, library, .. } = layout;
    match (missing.is_empty(), unused.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(file.refuse(format!(
            "lacks tensors that a {model} of {library} has: {}",
            some_of(missing.iter())
        ))),
        (true, false) => Err(file
            .refuse(format!("holds what this {model} does not have: {}", some_of(unused.iter())))),
    }
}

/// Refuses a network with numbers that are not finite, by the names of its file. A head that will be a
/// new one may hold any.
fn check_numbers(model: &AnyModel, new_head: bool, file: Option<&Named>) -> Result<(), String> {
    let layers = model.layers();
    let head = head_path(&layers);
    let is_used = |(_, tensor): &(&str, &Lazy)| !(new_head && is_within(&tensor.name, head));
    let tensors = model.tensors(None);
    let ours = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    check_finite(ours.filter(is_used)).or_else(|message| match file {
        Some(file) => check_finite(file.originals().filter(is_used)).and(Err(message)),
        None => Err(message),
    })
}
