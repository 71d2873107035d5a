//! From a network of the zoo to an ONNX file.

use std::path::Path;

use zoo_data::shown;
use zoo_model::{AnyModel, ModelSettings, WeightsInfo, ZOO_VERSION};

use super::{
    Input, Options, alexnet, cnn, file,
    graph::{Extent, Graph, int},
    layers::{Given, Layers, Value},
    metadata, preprocess,
    proto::{Model, OperatorSet},
    resnet, vit,
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
) -> Given {
    match (model, settings) {
        (AnyModel::Cnn(model), ModelSettings::Cnn(settings)) => {
            cnn::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::AlexNet(model), ModelSettings::AlexNet(settings)) => {
            alexnet::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::ResNet(model), ModelSettings::ResNet(settings)) => {
            resnet::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::Vit(model), ModelSettings::Vit(settings)) => {
            vit::logits(layers, model, settings.clone().into(), images)
        }
        (AnyModel::Cnn(_) | AnyModel::AlexNet(_) | AnyModel::ResNet(_) | AnyModel::Vit(_), _) => {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use zoo_model::{Preprocess, host};

    use super::*;

    /// A network that nobody has trained.
    fn network(model: serde_json::Value) -> (AnyModel, WeightsInfo) {
        let model: ModelSettings = serde_json::from_value(model).unwrap();
        let classes = vec![String::from("ants"), String::from("bees")];
        let preprocess = Preprocess::new(16, &[0.5; 3], &[0.5; 3]);
        (model.init(0, &host()), WeightsInfo { model, classes, preprocess })
    }

    fn small() -> (AnyModel, WeightsInfo) {
        network(json!({"cnn": {"widths": [4], "num_classes": 2, "image_size": 16}}))
    }

    fn options(input: Input) -> Options {
        Options { input, opset: 17, half: false, fold: false }
    }

    #[test]
    fn a_parameter_without_a_place_is_refused() {
        let (model, _) = small();
        let message = check_placed(&Layers::default(), &model).unwrap_err();
        assert_eq!(message, "holds `stages.0.block.conv.weight`, which has no place in the graph");
    }

    #[test]
    fn a_network_of_another_kind_is_refused() {
        let (model, _) = small();
        let (_, info) = network(json!({"vit": {"num_classes": 2}}));
        let message = build(&model, &info, &options(Input::Sized)).err().unwrap();
        assert_eq!(message, "holds another network than `vit`");
    }

    #[test]
    fn the_metadata_say_all_that_is_to_be_known() {
        let (model, info) = small();
        let properties = |input| -> BTreeMap<String, String> {
            let file = build(&model, &info, &options(input)).unwrap().model;
            file.metadata_props.into_iter().map(|property| (property.key, property.value)).collect()
        };
        let of_pictures = properties(Input::AnySize);
        let told = |key: &str| of_pictures[key].as_str();
        assert_eq!(told("names"), "{0: 'ants', 1: 'bees'}");
        assert_eq!(
            ["imgsz", "channels", "task", "stride", "batch"].map(told),
            ["[16,16]", "3", "classify", "1", "1"]
        );
        let keys = ["BitmapPixelFormat", "ColorSpaceGamma", "NominalPixelRange"];
        let image = |key: &str| told(&format!("Image.{key}")).to_string();
        assert_eq!(keys.map(image), ["Rgb8", "SRGB", "NominalRange_0_255"]);
        let block: WeightsInfo = serde_json::from_str(told("burn-zoo")).unwrap();
        assert_eq!(block, info);
        assert_eq!(of_pictures.len(), 10);
        assert_eq!(properties(Input::Raw)["Image.NominalPixelRange"], "Normalized_1_1");
    }

    #[test]
    fn inputs_and_outputs_have_names_and_shapes() {
        let (model, info) = small();
        let ends = |input| {
            let graph = build(&model, &info, &options(input)).unwrap().model.graph.unwrap();
            graph.input.iter().chain(&graph.output).map(shown_type).collect::<Vec<_>>()
        };
        let outputs = ["probabilities 1 [batch, 2]", "logits 1 [batch, 2]"];
        assert_eq!(ends(Input::Sized), [&["images 2 [batch, 16, 16, 3]"], &outputs[..]].concat());
        let any = ["images 2 [batch, height, width, 3]"];
        assert_eq!(ends(Input::AnySize), [&any, &outputs[..]].concat());
        assert_eq!(ends(Input::Raw), ["pixel_values 1 [batch, 3, 16, 16]", outputs[1]]);
    }

    /// Name, element type and extents.
    fn shown_type(value: &crate::onnx::proto::ValueInfo) -> String {
        let tensor = value.kind.as_ref().unwrap().tensor_type.as_ref().unwrap();
        let dims = tensor.shape.as_ref().unwrap().dim.iter().map(|dim| match &dim.dim_param {
            Some(name) => name.clone(),
            None => dim.dim_value.unwrap().to_string(),
        });
        format!("{} {} [{}]", value.name, tensor.elem_type, dims.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn versions_of_the_format_follow_those_of_the_operators() {
        let (model, info) = small();
        let versions = |opset| {
            let options = Options { opset, ..options(Input::Sized) };
            let model = build(&model, &info, &options).unwrap().model;
            (model.opset_import[0].version.unwrap(), model.ir_version.unwrap())
        };
        let expected = [(17, 8), (18, 8), (19, 9), (20, 9), (21, 10), (22, 10)];
        assert_eq!([17, 18, 19, 20, 21, 22].map(versions), expected);
    }

    /// The paper's constants: ONNX divides alpha by the size of the window, as the layer does.
    #[test]
    fn response_normalisation_has_the_papers_constants() {
        let settings = json!({"preset": "small-images", "local_response_norm": true, "hidden": 8,
            "num_classes": 2, "image_size": 16});
        let (model, info) = network(json!({"alexnet": settings}));
        let file = build(&model, &info, &options(Input::Sized)).unwrap().model;
        let nodes = file.graph.unwrap().node;
        let norms: Vec<_> = nodes.iter().filter(|node| node.op_type == "LRN").collect();
        assert_eq!(norms.len(), 2);
        for norm in norms {
            let number = |name: &str| norm.attribute.iter().find(|a| a.name == name).unwrap();
            let floats = ["alpha", "beta", "bias"].map(|name| number(name).f.unwrap());
            assert_eq!((number("size").i, floats), (Some(5), [5e-4, 0.75, 2.0]));
        }
    }
}
