//! The JSON files that Hugging Face and timm publish beside weights, and that an export writes.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use zoo_data::{Interpolation, Preprocess, Resize};
use zoo_vit::VitConfig;

use crate::{
    Error,
    class_names::is_shared,
    model::{ModelSettings, WeightsInfo},
    overwrite::marked,
    run_dir::write_json,
};

/// What the files beside weights say, as far as they are there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sidecar {
    /// Features of a token.
    pub embed_dim: Option<usize>,
    /// Attention heads.
    pub num_heads: Option<usize>,
    /// What is added to the variance in layer normalisation.
    pub layer_norm_epsilon: Option<f64>,
    /// Class names in the order of the logits.
    pub classes: Option<Vec<String>>,
    /// Mean of each channel.
    pub mean: Option<Vec<f32>>,
    /// Standard deviation of each channel.
    pub std: Option<Vec<f32>>,
    /// The side of the square that is seen, in shorter sides of the image.
    pub crop_ratio: Option<f64>,
    /// How pixels between pixels are made.
    pub interpolation: Option<Interpolation>,
}

impl Sidecar {
    /// Reads `config.json` and `preprocessor_config.json` beside the weights. Files of that name
    /// that are something else are left aside, so a run's config does no harm.
    pub fn beside(weights: &Path) -> Self {
        let read = |name| {
            let text = std::fs::read_to_string(weights.with_file_name(name)).ok()?;
            serde_json::from_str::<Value>(&text).ok()
        };
        let config = read("config.json").unwrap_or_default();
        let count = |value: &Value| value.as_u64().map(|count| count as usize);
        let (timm, is_hf) = (&config["pretrained_cfg"], config["model_type"] == "vit");
        if is_hf {
            let preprocessor = read("preprocessor_config.json").unwrap_or_default();
            return Self {
                embed_dim: count(&config["hidden_size"]),
                num_heads: count(&config["num_attention_heads"]),
                layer_norm_epsilon: config["layer_norm_eps"].as_f64(),
                classes: by_label(&config["id2label"]),
                mean: figures(&preprocessor["image_mean"]),
                std: figures(&preprocessor["image_std"]),
                crop_ratio: None,
                interpolation: interpolation(&preprocessor["resample"]),
            };
        }
        Self {
            embed_dim: count(&config["model_args"]["embed_dim"]),
            num_heads: count(&config["model_args"]["num_heads"]),
            classes: serde_json::from_value(config["label_names"].clone()).ok(),
            mean: figures(&timm["mean"]),
            std: figures(&timm["std"]),
            crop_ratio: timm["crop_pct"].as_f64(),
            interpolation: interpolation(&timm["interpolation"]),
            layer_norm_epsilon: None,
        }
    }
}

/// `{"0": "cat", "1": "dog"}` as a list.
fn by_label(names: &Value) -> Option<Vec<String>> {
    let names = names.as_object()?;
    let name = |label: usize| Some(names.get(&label.to_string())?.as_str()?.to_string());
    (0..names.len()).map(name).collect()
}

fn figures(value: &Value) -> Option<Vec<f32>> {
    serde_json::from_value(value.clone()).ok()
}

/// Pillow's number or timm's name of an interpolation.
fn interpolation(value: &Value) -> Option<Interpolation> {
    [Interpolation::Bilinear, Interpolation::Bicubic].into_iter().find(|known| {
        let (number, name) = number_and_name(*known);
        value == number || value == name
    })
}

/// Pillow's number and timm's name of an interpolation.
fn number_and_name(interpolation: Interpolation) -> (u64, &'static str) {
    match interpolation {
        Interpolation::Bilinear => (2, "bilinear"),
        Interpolation::Bicubic => (3, "bicubic"),
    }
}

/// Writes what the layout has beside its weights, and names it.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be written.
pub fn write(layout: &str, weights: &Path, info: &WeightsInfo) -> Result<Vec<PathBuf>, Error> {
    let ModelSettings::Vit(settings) = &info.model else {
        return Ok(Vec::new());
    };
    let config = VitConfig::from(settings.clone());
    let files = match layout {
        "hf" => vec![
            ("config.json", hf_config(&config, &info.classes)),
            ("preprocessor_config.json", hf_preprocessor(&info.preprocess)),
        ],
        "timm" => vec![("config.json", timm_config(&config, info))],
        _ => Vec::new(),
    };
    let write = |(name, value): (&str, Value)| {
        let path = weights.with_file_name(name);
        write_json(&path, &marked(value, weights))?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

fn hf_config(config: &VitConfig, classes: &[String]) -> Value {
    let names = || classes.iter().enumerate();
    let id2label: Map<String, Value> =
        names().map(|(label, name)| (label.to_string(), json!(name))).collect();
    // A name that several classes have tells none of them.
    let mut label2id = Map::new();
    for (label, name) in names().filter(|(_, name)| !is_shared(classes, name)) {
        label2id.insert(name.clone(), json!(label));
    }
    json!({
        "architectures": ["ViTForImageClassification"],
        "model_type": "vit",
        "hidden_size": config.embed_dim,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.mlp_dim,
        "hidden_act": "gelu",
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

fn hf_preprocessor(preprocess: &Preprocess) -> Value {
    json!({
        "image_processor_type": "ViTImageProcessor",
        "do_resize": true,
        "size": {"height": preprocess.image_size, "width": preprocess.image_size},
        "resample": number_and_name(preprocess.interpolation).0,
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": true,
        "image_mean": preprocess.mean,
        "image_std": preprocess.std,
    })
}

fn timm_config(config: &VitConfig, info: &WeightsInfo) -> Value {
    let preprocess = &info.preprocess;
    let size = preprocess.image_size;
    let crop_mode = if preprocess.resize == Resize::Letterbox { "border" } else { "center" };
    json!({
        "architecture": "vit_base_patch16_224",
        "num_classes": config.num_classes,
        "model_args": {
            "img_size": config.image_size,
            "patch_size": config.patch_size,
            "in_chans": config.channels,
            "embed_dim": config.embed_dim,
            "depth": config.depth,
            "num_heads": config.num_heads,
            "mlp_ratio": config.mlp_dim as f64 / config.embed_dim as f64,
        },
        "pretrained_cfg": {
            "input_size": [config.channels, size, size],
            "num_classes": config.num_classes,
            "interpolation": number_and_name(preprocess.interpolation).1,
            "crop_pct": preprocess.crop_ratio,
            "crop_mode": crop_mode,
            "mean": preprocess.mean,
            "std": preprocess.std,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
        },
        "label_names": info.classes,
    })
}
