//! `config.json` and `preprocessor_config.json` of Hugging Face's transformers.

use serde_json::{Map, Value, json};
use zoo_data::Resize;
use zoo_model::WeightsInfo;

use super::{
    CONFIG, Documents, PREPROCESSOR, Sidecar,
    processor::{self, Processor},
    settings::{self, Settings},
    timm::{self, Architecture},
};
use crate::classes::names::is_shared;

/// The processor that prepares images as timm does. Its settings are in [`CONFIG`].
const TIMMS: &str = "TimmWrapperImageProcessor";

/// Whether `config.json` is transformers'.
pub fn is_config(config: &Value) -> bool {
    config.get("model_type").is_some()
}

/// What `config.json` says of a classifier, whatever its network is.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn read(config: &Value) -> Result<Sidecar, String> {
    let settings = Settings::new(config, "");
    if let Some("multi_label_classification" | "regression") = settings.word("problem_type")? {
        return Err(
            settings.refuse("problem_type", "\"single_label_classification\": one class an image")
        );
    }
    let mut sidecar = Sidecar::default();
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
    let settings = Settings::new(config, "");
    let image_size = settings.side("image_size")?.unwrap_or(224);
    let channels = settings.count("num_channels")?.unwrap_or(3);
    let processor = Processor::read(document, image_size, channels)?;
    sidecar.preprocess = Some(processor.preprocess);
    sidecar.notes.extend(processor.note);
    Ok(())
}

/// transformers' files for a network that it describes as `network`, and timm as `architecture`.
pub fn documents(network: Value, architecture: &Architecture, info: &WeightsInfo) -> Documents {
    let mut config = network;
    let mut add = |more: Value| {
        if let (Value::Object(config), Value::Object(more)) = (&mut config, more) {
            config.extend(more);
        }
    };
    add(labels(&info.classes));
    let (mut processor, mut notes) = (processor::write(&info.preprocess), Vec::new());
    if processor.is_none() {
        // Where a config has it, AutoImageProcessor takes the type from there.
        add(json!({
            "image_processor_type": TIMMS,
            "architecture": architecture.name,
            "pretrained_cfg": architecture.pretrained_cfg(info),
        }));
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
    notes.extend(grey(info));
    Documents { files: present(config, processor), notes }
}

/// What transformers' files say of a network of any kind, and how images are prepared for it.
pub fn of_any_network(info: &WeightsInfo) -> Documents {
    let mut config = json!({
        "image_size": info.preprocess.image_size,
        "num_channels": info.preprocess.channels(),
    });
    if let (Value::Object(config), Value::Object(labels)) = (&mut config, labels(&info.classes)) {
        config.extend(labels);
    }
    let processor = processor::write(&info.preprocess);
    let lacking = processor.is_none().then(|| {
        let steps = settings::steps(&info.preprocess);
        format!("transformers has no processor that prepares images so; by hand: {steps}")
    });
    let notes = lacking.into_iter().chain(grey(info)).collect();
    Documents { files: present(config, processor), notes }
}

/// The files that there are.
fn present(config: Value, processor: Option<Value>) -> Vec<(&'static str, Value)> {
    let files = [(CONFIG, Some(config)), (PREPROCESSOR, processor)];
    files.into_iter().filter_map(|(name, file)| Some((name, file?))).collect()
}

/// What to do about a network that sees grey.
fn grey(info: &WeightsInfo) -> Option<String> {
    let advice = "transformers converts no colours: give it images in grey, `.convert(\"L\")`";
    (info.preprocess.channels() == 1).then(|| String::from(advice))
}

/// How transformers names classes.
fn labels(classes: &[String]) -> Value {
    let names = || classes.iter().enumerate();
    let id2label: Map<String, Value> =
        names().map(|(label, name)| (label.to_string(), json!(name))).collect();
    // A name that several classes have tells none of them.
    let label2id: Map<String, Value> = names()
        .filter(|(_, name)| !is_shared(classes, name))
        .map(|(label, name)| (name.clone(), json!(label)))
        .collect();
    json!({"id2label": id2label, "label2id": label2id, "torch_dtype": "float32"})
}
