//! `config.json` and `preprocessor_config.json` of Hugging Face's transformers.

use serde_json::{Map, Value, json};
use zoo_data::Resize;
use zoo_vit::{Activation, VitConfig};

use super::{
    CONFIG, PREPROCESSOR, Sidecar, Size,
    processor::{self, Processor},
    settings::{Settings, list},
    timm,
};
use crate::{class_names::is_shared, model::WeightsInfo};

/// transformers' names of activations; the first for one of ours is what an export writes.
const ACTIVATIONS: [(&str, Activation); 11] = [
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_accurate", Activation::GeluTanh),
    ("gelu_python_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];
/// The processor that prepares images as timm does. Its settings are in [`CONFIG`].
const TIMMS: &str = "TimmWrapperImageProcessor";

/// Whether `config.json` is transformers'.
pub fn is_config(config: &Value) -> bool {
    config.get("model_type").is_some()
}

/// What `config.json` says of the network: what is left out is as transformers has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn network(config: &Value) -> Result<Sidecar, String> {
    let settings = Settings::new(config, "");
    if settings.word("model_type")? != Some("vit") {
        return Err(settings.refuse("model_type", "\"vit\""));
    }
    if let Some("multi_label_classification" | "regression") = settings.word("problem_type")? {
        return Err(
            settings.refuse("problem_type", "\"single_label_classification\": one class an image")
        );
    }
    if settings.switch("use_mean_pooling")? == Some(true) {
        return Err(
            settings.refuse("use_mean_pooling", "false: this network's head sees the class token")
        );
    }
    let num_heads = settings.count("num_attention_heads")?.unwrap_or(12);
    let features = settings.count("hidden_size")?;
    let width = features.and_then(|features| features.checked_div(num_heads));
    if settings.count("head_dim")?.is_some_and(|said| Some(said) != width) {
        return Err(settings.refuse("head_dim", "hidden_size / num_attention_heads"));
    }
    let sizes = [
        (Size::Features, features),
        (Size::Blocks, settings.count("num_hidden_layers")?),
        (Size::Hidden, settings.count("intermediate_size")?),
        (Size::Patch, settings.side("patch_size")?),
        (Size::Image, settings.side("image_size")?),
        (Size::Channels, settings.count("num_channels")?),
    ];
    let mut sidecar = Sidecar {
        sizes: sizes.into_iter().filter_map(|(size, said)| Some((size, said?))).collect(),
        num_heads: Some(num_heads),
        layer_norm_epsilon: Some(settings.number("layer_norm_eps")?.unwrap_or(1e-12)),
        activation: Some(activation(settings)?),
        dropout: settings.number("hidden_dropout_prob")?,
        qkv_bias: settings.switch("qkv_bias")?,
        ..Sidecar::default()
    };
    if let Some(names) = settings.get("id2label") {
        sidecar.classes = by_label(names);
        if sidecar.classes.is_none() {
            let note =
                format!("no names from {CONFIG}, whose `id2label` does not name every label once");
            sidecar.notes.push(note);
        }
    }
    Ok(sidecar)
}

fn activation(settings: Settings) -> Result<Activation, String> {
    let name = settings.word("hidden_act")?.unwrap_or("gelu");
    let found = ACTIVATIONS.iter().find(|(known, _)| *known == name);
    let expected = || list(ACTIVATIONS.iter().map(|(name, _)| *name));
    found
        .map(|(_, activation)| *activation)
        .ok_or_else(|| settings.refuse("hidden_act", &expected()))
}

/// `{"0": "cat", "1": "dog"}` as a list.
fn by_label(names: &Value) -> Option<Vec<String>> {
    let names = names.as_object()?;
    let name = |label: usize| Some(names.get(&label.to_string())?.as_str()?.to_string());
    (0..names.len()).map(name).collect()
}

/// Adds to `sidecar` how `preprocessor_config.json` has images prepared.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn preprocess(document: &Value, config: &Value, sidecar: &mut Sidecar) -> Result<(), String> {
    if document["image_processor_type"] == TIMMS {
        let cfg = Settings::new(&config["pretrained_cfg"], "pretrained_cfg.");
        sidecar.preprocess = Some(timm::preprocess(cfg)?);
        return Ok(());
    }
    let said =
        |wanted| sidecar.sizes.iter().find(|(size, _)| *size == wanted).map(|(_, said)| *said);
    let (image_size, channels) =
        (said(Size::Image).unwrap_or(224), said(Size::Channels).unwrap_or(3));
    let processor = Processor::read(document, image_size, channels)?;
    sidecar.preprocess = Some(processor.preprocess);
    sidecar.notes.extend(processor.note);
    Ok(())
}

/// transformers' files, and what it cannot express.
pub fn write(config: &VitConfig, info: &WeightsInfo) -> (Vec<(&'static str, Value)>, Vec<String>) {
    let mut network = network_of(config, &info.classes);
    let (mut processor, mut notes) = (processor::write(&info.preprocess), Vec::new());
    if processor.is_none() {
        // Where a config has it, AutoImageProcessor takes the type from there.
        let said = json!({
            "image_processor_type": TIMMS,
            "architecture": timm::ARCHITECTURE,
            "pretrained_cfg": timm::pretrained_cfg_of(&info.preprocess, config.num_classes),
        });
        if let (Value::Object(network), Value::Object(said)) = (&mut network, said) {
            network.extend(said);
        }
        processor = Some(json!({"image_processor_type": TIMMS}));
        let lacks = match info.preprocess.resize {
            Resize::Letterbox => "puts no bars beside an image",
            _ => "starts a cut that falls between two pixels at another one",
        };
        notes.push(format!(
            "transformers itself {lacks}, so {CONFIG} asks for timm's preprocessing: install timm beside \
             it, and open the folder with AutoImageProcessor"
        ));
    }
    if info.preprocess.channels() == 1 {
        notes.push(String::from(
            "transformers converts no colours: give it images in grey, `.convert(\"L\")`",
        ));
    }
    let documents = [(CONFIG, Some(network)), (PREPROCESSOR, processor)];
    (documents.into_iter().filter_map(|(name, file)| Some((name, file?))).collect(), notes)
}

fn network_of(config: &VitConfig, classes: &[String]) -> Value {
    let names = || classes.iter().enumerate();
    let id2label: Map<String, Value> =
        names().map(|(label, name)| (label.to_string(), json!(name))).collect();
    // A name that several classes have tells none of them.
    let label2id: Map<String, Value> = names()
        .filter(|(_, name)| !is_shared(classes, name))
        .map(|(label, name)| (name.clone(), json!(label)))
        .collect();
    let activation = config.activation.unwrap_or_default();
    let activation = ACTIVATIONS.iter().find(|(_, known)| *known == activation);
    json!({
        "architectures": ["ViTForImageClassification"],
        "model_type": "vit",
        "hidden_size": config.embed_dim,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.mlp_dim,
        "hidden_act": activation.map(|(name, _)| *name),
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": 0.0,
        "layer_norm_eps": config.layer_norm_epsilon,
        "image_size": config.image_size,
        "patch_size": config.patch_size,
        "num_channels": config.channels,
        "qkv_bias": true,
        "id2label": id2label,
        "label2id": label2id,
        "torch_dtype": "float32",
    })
}
