//! From a network of the zoo to an ONNX file.

use std::path::Path;

use zoo_data::shown;
use zoo_model::{AnyModel, ModelSettings, WeightsInfo, ZOO_VERSION};

use super::{
    Input, Options, alexnet, cnn, file,
    graph::{Extent, Graph, int},
    layers::{Layers, Value},
    metadata, preprocess,
    proto::{Model, OperatorSet},
    vit,
};
use crate::{
    Error,
    overwrite::{check_beside, is_told},
    pretrained::{Exported, beside_onnx},
};

/// Writes `model`, read from `weights`, as an ONNX file, with the JSON files of Hugging Face beside it.
///
/// # Errors
///
/// [`Error::Usage`] or [`Error::Run`] if it cannot be expressed so, or other files lie where the JSON
/// files would; [`Error::Failed`] if a file cannot be written.
pub fn export(
    model: &AnyModel,
    info: &WeightsInfo,
    options: &Options,
    weights: &Path,
    out: &Path,
) -> Result<Exported, Error> {
    let mut documents = beside_onnx(info, options.input != Input::Raw);
    documents.files.retain(|(name, value)| !is_told(out, name, value));
    for (name, _) in &documents.files {
        check_beside(out, name)?;
    }
    let file = build(model, info, options).map_err(|message| Error::run(weights, message))?;
    if options.fold && file.folded == 0 {
        return Err(Error::Usage(format!(
            "--fold: this network of kind `{}` has no batch normalisation that follows a convolution",
            info.model.name()
        )));
    }
    let mut files = file::write(out, file.model, file::LARGEST)
        .map_err(|error| Error::Failed(format!("{}: cannot write: {error}", shown(out))))?;
    let notes = documents.notes.clone();
    files.extend(documents.write(out)?);
    Ok(Exported { files, notes })
}

/// A file before it is written.
struct Built {
    model: Model,
    /// How many normalisations went into a convolution.
    folded: usize,
}

fn build(model: &AnyModel, info: &WeightsInfo, options: &Options) -> Result<Built, String> {
    let mut layers = Layers { half: options.half, fold: options.fold, ..Default::default() };
    let images = preprocess::add(&mut layers.graph, &info.preprocess, options.input);
    let logits = network(&mut layers, model, &info.model, images)?;
    check_placed(&layers, model)?;
    let Layers { mut graph, folded, .. } = layers;
    add_outputs(&mut graph, &logits, options.input);
    let name = info.model.name();
    let opset = OperatorSet { domain: Some(String::new()), version: Some(options.opset as i64) };
    let model = Model {
        ir_version: Some(options.ir_version()),
        producer_name: file::PRODUCER.to_string(),
        producer_version: ZOO_VERSION.to_string(),
        doc_string: format!("Image classifier of kind {name}, {} classes", info.classes.len()),
        graph: Some(graph.finish(name)),
        opset_import: vec![opset],
        metadata_props: metadata::of(info, options.input)?,
    };
    Ok(Built { model, folded })
}

/// The network's own graph: one file per model.
fn network(
    layers: &mut Layers,
    model: &AnyModel,
    settings: &ModelSettings,
    images: Value,
) -> Result<Value, String> {
    match (model, settings) {
        (AnyModel::Cnn(model), ModelSettings::Cnn(settings)) => {
            cnn::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::AlexNet(model), ModelSettings::AlexNet(settings)) => {
            alexnet::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::Vit(model), ModelSettings::Vit(settings)) => {
            vit::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::Cnn(_) | AnyModel::AlexNet(_) | AnyModel::Vit(_), _) => {
            Err(format!("holds another network than `{}`", settings.name()))
        }
    }
}

/// Refuses a graph that leaves out a parameter: it would compute something else.
fn check_placed(layers: &Layers, model: &AnyModel) -> Result<(), String> {
    let tensors = model.tensors(None);
    match tensors.iter().find(|tensor| !layers.placed.contains(&tensor.name)) {
        Some(left) => Err(format!("holds `{}`, which has no place in the graph", left.name)),
        None => Ok(()),
    }
}

fn add_outputs(graph: &mut Graph, logits: &Value, input: Input) {
    let extents = [Extent::Free("batch"), Extent::Fixed(logits.shape[0])];
    if input != Input::Raw {
        let attributes = vec![int("axis", -1)];
        let probabilities = graph.node("Softmax", "probabilities", &[&logits.name], attributes);
        let doc = "The probability of each class; they add up to 1.";
        graph.output(&probabilities, "probabilities", &extents, doc);
    }
    graph.output(&logits.name, "logits", &extents, "The score of each class, before the softmax.");
}
