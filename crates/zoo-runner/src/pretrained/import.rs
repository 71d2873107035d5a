//! From a file of weights to a network of the zoo.

use std::{collections::BTreeMap, path::Path};

use burn::{
    store::{ApplyError, ApplyResult, PyTorchToBurnAdapter},
    tensor::Device,
};
use zoo_data::{Interpolation, Preprocess, Resize};
use zoo_vit::VitConfig;

use super::{
    adapt::Bicubic,
    assume::Assumption,
    infer,
    layout::{Layout, ZOO, some_of},
    qkv::{add_zero_biases, joined},
    report::{ImportReport, not_finite},
    sidecar::Sidecar,
    source::Tensors,
};
use crate::{
    Error,
    model::{AnyClassifier, DataShape, ModelSettings, WeightsInfo},
};

/// What a user says about a file of weights; what is left open is told by the file, by the JSON
/// files beside it, or assumed as its library does.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The network that it must be.
    pub model: Option<String>,
    /// The library that wrote it.
    pub layout: Option<String>,
    /// Attention heads.
    pub num_heads: Option<usize>,
    /// Mean of each channel, of pixel values from 0 to 1.
    pub mean: Option<Vec<f32>>,
    /// Standard deviation of each channel.
    pub std: Option<Vec<f32>>,
    /// Side of the square image that the network shall see, in pixels.
    pub image_size: Option<usize>,
    /// How images of another shape become square.
    pub resize: Option<Resize>,
    /// How much of the scaled image is seen, side by side.
    pub crop_ratio: Option<f64>,
    /// How pixels between pixels are made.
    pub interpolation: Option<Interpolation>,
    /// Class names in the order of the logits.
    pub classes: Option<Vec<String>>,
}

/// Weights with all that is needed to use them.
pub struct Pretrained {
    /// The network.
    pub model: Box<dyn AnyClassifier>,
    /// What travels with it.
    pub info: WeightsInfo,
    /// How its library brings position embeddings to another number of patches.
    pub positions: Bicubic,
    /// What became of the file's tensors.
    pub report: ImportReport,
}

/// Reads a file of weights that the zoo, torchvision, timm or Hugging Face's transformers wrote.
///
/// # Errors
///
/// [`Error::Run`] for whatever the file holds that this network has not, or lacks, and
/// [`Error::Io`] if it cannot be read.
pub fn import(path: &Path, options: &ImportOptions, device: &Device) -> Result<Pretrained, Error> {
    let own = match options.layout.as_deref() {
        None => WeightsInfo::read(path).ok(),
        Some(ZOO) => Some(WeightsInfo::read(path)?),
        Some(_) => None,
    };
    let mut pretrained = match own {
        Some(info) => own_layout(path, info, device)?,
        None => foreign_layout(path, options, device)?,
    };
    let found = pretrained.info.model.name();
    if let Some(asked) = options.model.as_deref().filter(|asked| *asked != found) {
        return Err(Error::run(path, format!("holds a network of kind `{found}`, not `{asked}`")));
    }
    if let Some(asked) = options.num_heads {
        check_heads(&pretrained.info.model, asked).map_err(|message| Error::run(path, message))?;
    }
    pretrained.describe(path, options, device)?;
    pretrained.report.not_finite = not_finite(&*pretrained.model)?;
    Ok(pretrained)
}

/// Refuses another number of heads than weights have that say it.
fn check_heads(model: &ModelSettings, asked: usize) -> Result<(), String> {
    match model {
        ModelSettings::Vit(settings) => match VitConfig::from(settings.clone()).num_heads {
            found if found == asked => Ok(()),
            found => Err(format!("has {found} attention heads, not {asked}")),
        },
        other => Err(format!("is of kind `{}`, which has no attention heads", other.name())),
    }
}

fn own_layout(path: &Path, info: WeightsInfo, device: &Device) -> Result<Pretrained, Error> {
    let mut model = info.model.blank(device);
    model.load(path)?;
    let report = ImportReport {
        layout: String::from(ZOO),
        applied: model.tensors(None).len(),
        ..ImportReport::of(&info.model, &*model)
    };
    Ok(Pretrained { model, info, positions: Bicubic::Antialiased, report })
}

fn foreign_layout(
    path: &Path,
    options: &ImportOptions,
    device: &Device,
) -> Result<Pretrained, Error> {
    let file = Tensors::open(path)?;
    let layout = Layout::of(&file, options.layout.as_deref())?;
    let sidecar = Sidecar::beside(path, layout)?;
    let (mut tensors, unused) = renamed(file, layout)?;
    let applied = tensors.tensors.len();
    if sidecar.qkv_bias == Some(false) {
        add_zero_biases(&mut tensors)?;
    }
    let mut assumed: Vec<_> = sidecar.notes.iter().cloned().map(Assumption::note).collect();
    let settings = infer::settings(&tensors, layout, &sidecar, options.num_heads, &mut assumed)?;
    let mut model = settings.blank(device);
    let result =
        model.apply(tensors.tensors.into_values().collect(), Some(Box::new(PyTorchToBurnAdapter)));
    check(path, layout, &result)?;
    let shape = settings.shape();
    let preprocess = match sidecar.preprocess {
        Some(told) => fitting(told, shape, options).map_err(|message| Error::run(path, message))?,
        None => {
            let usual = (layout.preprocess)(&settings);
            let usual = usual.preprocess(shape.image_size, shape.channels);
            assumed.extend(Assumption::preprocess(&usual, layout.name, options));
            usual
        }
    };
    let classes = classes(sidecar.classes, shape.num_classes, options, &mut assumed);
    let report = ImportReport {
        layout: layout.name.to_string(),
        applied,
        unused,
        converted: tensors.converted,
        assumed,
        ..ImportReport::of(&settings, &*model)
    };
    let info = WeightsInfo { model: settings, classes, preprocess };
    Ok(Pretrained { model, info, positions: layout.positions, report })
}

/// The names that are told beside weights, if they are as many as the classes, or else numbers.
fn classes(
    told: Option<Vec<String>>,
    num_classes: usize,
    options: &ImportOptions,
    assumed: &mut Vec<Assumption>,
) -> Vec<String> {
    let reason = match told {
        Some(names) if names.len() == num_classes => return names,
        Some(names) => {
            format!(", since {} are named beside the weights of {num_classes}", names.len())
        }
        None => String::new(),
    };
    if options.classes.is_none() {
        assumed.push(Assumption::classes(&reason));
    }
    (0..num_classes).map(|label| format!("class {label}")).collect()
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

/// The tensors by our names as f32, and the names of those that have no part in the scores.
fn renamed(mut file: Tensors, layout: &Layout) -> Result<(Tensors, Vec<String>), Error> {
    let (mut tensors, mut unused, mut unexpected) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (theirs, mut tensor) in std::mem::take(&mut file.tensors) {
        match layout.ours(&theirs) {
            Some(ours) => {
                tensor.name.clone_from(&ours);
                if tensors.insert(ours, tensor).is_some() {
                    return Err(file.refuse(format!("holds `{theirs}` twice, by two names")));
                }
            }
            None if layout.is_idle(&theirs) => unused.push(theirs),
            None => unexpected.push(theirs),
        }
    }
    if !unexpected.is_empty() {
        return Err(file.refuse(format!(
            "holds what a {} of {} does not have: {}",
            layout.model,
            layout.name,
            some_of(unexpected.iter())
        )));
    }
    file.tensors = tensors;
    // Before they are joined, which is done by bytes.
    let mut file = file.into_f32()?;
    if layout.splits_attention {
        file.tensors = joined(file.tensors);
    }
    Ok((file, unused))
}

/// Refuses a file that lacks tensors, or has them of other shapes.
fn check(path: &Path, layout: &Layout, result: &ApplyResult) -> Result<(), Error> {
    let theirs = |ours: &str| {
        let pytorch = ours.replace(".gamma", ".weight").replace(".beta", ".bias");
        layout.theirs(&pytorch).unwrap_or(pytorch)
    };
    if let Some(error) = result.errors.first() {
        let message = match error {
            ApplyError::ShapeMismatch { path, expected, found } => {
                // Burn has linear layers the other way round.
                let [expected, found] = [expected, found].map(|shape| match shape.num_dims() {
                    2 => shape.iter().rev().copied().collect::<Vec<_>>(),
                    _ => shape.to_vec(),
                });
                let name = theirs(path);
                format!("has `{name}` of shape {found:?}, where {expected:?} was expected")
            }
            ApplyError::LoadError { path, message }
            | ApplyError::AdapterError { path, message } => {
                format!("`{}` cannot be read: {message}", theirs(path))
            }
            other => other.to_string(),
        };
        return Err(Error::run(path, message));
    }
    let missing: Vec<String> = result.missing.iter().map(|(name, _)| theirs(name)).collect();
    let unused: Vec<String> = result.unused.iter().map(|name| theirs(name)).collect();
    match (missing.is_empty(), unused.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(Error::run(
            path,
            format!(
                "lacks what a {} of {} has: {}",
                layout.model,
                layout.name,
                some_of(missing.iter())
            ),
        )),
        (true, false) => Err(Error::run(
            path,
            format!("holds what this {} does not have: {}", layout.model, some_of(unused.iter())),
        )),
    }
}
