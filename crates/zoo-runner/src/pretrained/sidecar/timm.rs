//! timm's `config.json`, with `pretrained_cfg` in it or, in the old form, with what is in that.

use serde_json::{Map, Value, json};
use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};
use zoo_vit::{Activation, VitConfig};

use super::{
    CONFIG, Sidecar, Size,
    settings::{Settings, decimal, epsilon, list, named},
};
use crate::model::WeightsInfo;

/// timm's names of activations; the first for one of ours is what an export writes.
const ACTIVATIONS: [(&str, Activation); 6] = [
    ("gelu", Activation::Gelu),
    ("gelu_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];
/// Heads of timm's plain Vision Transformers by the word for their size, as in `vit_huge_patch14_224`.
const HEADS: [(&str, usize); 7] = [
    ("tiny", 3),
    ("small", 6),
    ("base", 12),
    ("large", 16),
    ("huge", 16),
    ("giant", 16),
    ("gigantic", 16),
];
/// What changes nothing in a network that is used, or is seen from the tensors.
const HARMLESS: [&str; 23] = [
    "num_classes",
    "img_size",
    "patch_size",
    "in_chans",
    "embed_dim",
    "depth",
    "num_heads",
    "mlp_ratio",
    "qkv_bias",
    "act_layer",
    "global_pool",
    "dynamic_img_size",
    "strict_img_size",
    "drop_rate",
    "pos_drop_rate",
    "patch_drop_rate",
    "proj_drop_rate",
    "attn_drop_rate",
    "drop_path_rate",
    "weight_init",
    "pretrained_strict",
    "features_only",
    "fix_init",
];
/// What would change a network, with the value that leaves it a plain Vision Transformer.
const PLAIN: [(&str, &str); 7] = [
    ("class_token", "true"),
    ("final_norm", "true"),
    ("proj_bias", "true"),
    ("pos_embed", "\"learn\""),
    ("reg_tokens", "0"),
    ("norm_layer", "\"layernorm\""),
    ("mlp_layer", "\"mlp\""),
];
/// How images are prepared, wherever timm puts it.
const PREPARATION: [&str; 6] =
    ["input_size", "mean", "std", "crop_pct", "crop_mode", "interpolation"];

/// Whether `config.json` is timm's.
pub fn is_config(config: &Value) -> bool {
    ["architecture", "pretrained_cfg", "model_args"].iter().any(|key| config.get(key).is_some())
}

/// What timm's `config.json` says.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn read(config: &Value) -> Result<Sidecar, String> {
    let top = Settings::new(config, "");
    let args = Settings::new(&config["model_args"], "model_args.");
    let cfg = pretrained_cfg(config);
    for place in [top, args, cfg] {
        if !matches!(place.word("global_pool")?, None | Some("token")) {
            return Err(
                place.refuse("global_pool", "\"token\": this network's head sees the class token")
            );
        }
    }
    if cfg.count("label_offset")?.is_some_and(|offset| offset != 0) {
        return Err(cfg.refuse("label_offset", "0: every score is a class"));
    }
    check_args(args)?;
    let sizes = [
        (Size::Features, args.count("embed_dim")?),
        (Size::Blocks, args.count("depth")?),
        (Size::Patch, args.side("patch_size")?),
        (Size::Image, args.side("img_size")?),
        (Size::Channels, args.count("in_chans")?),
    ];
    let told = |name: &&str| cfg.get(name).is_some();
    let mut sidecar = Sidecar {
        sizes: sizes.into_iter().filter_map(|(size, said)| Some((size, said?))).collect(),
        num_heads: args.count("num_heads")?.or_else(|| heads_of(top.word("architecture").ok()??)),
        activation: activation(args)?,
        qkv_bias: args.switch("qkv_bias")?,
        preprocess: PREPARATION.iter().any(told).then(|| preprocess(cfg)).transpose()?,
        ..Sidecar::default()
    };
    let names = [top.get("label_names"), cfg.get("label_names"), cfg.get("labels")];
    if let Some(names) = names.into_iter().flatten().next() {
        sidecar.classes = serde_json::from_value(names.clone()).ok();
        if sidecar.classes.is_none() {
            sidecar
                .notes
                .push(format!("no names from {CONFIG}, whose `label_names` is no list of texts"));
        }
    }
    Ok(sidecar)
}

/// Where `config` says how images are prepared.
fn pretrained_cfg(config: &Value) -> Settings<'_> {
    match config.get("pretrained_cfg") {
        Some(cfg) => Settings::new(cfg, "pretrained_cfg."),
        None => Settings::new(config, ""),
    }
}

fn check_args(args: Settings) -> Result<(), String> {
    for (name, plain) in PLAIN {
        let said = args.get(name).map(Value::to_string);
        if said.is_some_and(|said| said != plain) {
            return Err(
                args.refuse(name, &format!("{plain}, as a plain Vision Transformer has it"))
            );
        }
    }
    let known: Vec<&str> = HARMLESS.into_iter().chain(PLAIN.map(|(name, _)| name)).collect();
    args.check_known(&known)
}

fn activation(args: Settings) -> Result<Option<Activation>, String> {
    let Some(name) = args.word("act_layer")? else {
        return Ok(None);
    };
    let found = ACTIVATIONS.iter().find(|(known, _)| *known == name);
    let expected = || list(ACTIVATIONS.iter().map(|(name, _)| *name));
    found
        .map(|(_, activation)| Some(*activation))
        .ok_or_else(|| args.refuse("act_layer", &expected()))
}

/// Heads of a plain Vision Transformer of that name.
fn heads_of(architecture: &str) -> Option<usize> {
    let rest = ["vit_", "deit_"].iter().find_map(|start| architecture.strip_prefix(start))?;
    let (size, rest) = rest.split_once('_')?;
    let heads = HEADS.iter().find(|(known, _)| *known == size)?;
    rest.starts_with("patch").then_some(heads.1)
}

/// How timm prepares images by a `pretrained_cfg`: what is left out is as timm's own has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn preprocess(cfg: Settings) -> Result<Preprocess, String> {
    let sizes: Vec<usize> = match cfg.get("input_size") {
        Some(sizes) => serde_json::from_value(sizes.clone()).unwrap_or_default(),
        None => vec![3, 224, 224],
    };
    let &[channels, image_size, width] = &sizes[..] else {
        return Err(cfg.refuse("input_size", "channels, height and width"));
    };
    if width != image_size {
        return Err(cfg.refuse("input_size", "a square"));
    }
    let resize = match cfg.word("crop_mode")? {
        None | Some("" | "center") => Resize::Crop,
        Some("squash") => Resize::Squish,
        Some("border") => Resize::Letterbox,
        Some(_) => return Err(cfg.refuse("crop_mode", "center, squash or border")),
    };
    let interpolation = match cfg.word("interpolation")?.filter(|name| !name.is_empty()) {
        None => Interpolation::Bicubic,
        Some(name) => {
            let found = Interpolation::ALL.iter().find(|(_, known, _)| *known == name);
            let expected = || list(Interpolation::ALL.iter().map(|(_, name, _)| *name));
            found.ok_or_else(|| cfg.refuse("interpolation", &expected()))?.0
        }
    };
    let imagenet = |figures: [f32; 3]| figures.to_vec();
    let preprocess = Preprocess {
        image_size,
        resize,
        crop_ratio: cfg.number("crop_pct")?.filter(|ratio| *ratio != 0.0).unwrap_or(0.875),
        crop_offset: CropOffset::Even,
        interpolation,
        mean: cfg.figures("mean", channels)?.unwrap_or_else(|| imagenet([0.485, 0.456, 0.406])),
        std: cfg.figures("std", channels)?.unwrap_or_else(|| imagenet([0.229, 0.224, 0.225])),
    };
    preprocess.check().map_err(|error| format!("cannot be followed: {error}"))?;
    Ok(preprocess)
}

/// How timm is told to prepare images, as far as it can: a `pretrained_cfg`.
pub fn pretrained_cfg_of(preprocess: &Preprocess, num_classes: usize) -> Value {
    let size = preprocess.image_size;
    let crop_mode = match preprocess.resize {
        Resize::Crop => "center",
        Resize::Squish => "squash",
        Resize::Letterbox => "border",
    };
    json!({
        "input_size": [preprocess.channels(), size, size],
        "num_classes": num_classes,
        "interpolation": named(preprocess.interpolation).0,
        "crop_pct": preprocess.crop_ratio,
        "crop_mode": crop_mode,
        "mean": decimal(&preprocess.mean),
        "std": decimal(&preprocess.std),
        "first_conv": "patch_embed.proj",
        "classifier": "head",
    })
}

/// The architecture that `model_args` then change.
pub const ARCHITECTURE: &str = "vit_base_patch16_224";

/// timm's file, and what it cannot express.
pub fn write(config: &VitConfig, info: &WeightsInfo) -> (Vec<(&'static str, Value)>, Vec<String>) {
    let mut args = Map::new();
    let mut say = |name: &str, value: Value| drop(args.insert(name.to_string(), value));
    say("img_size", json!(config.image_size));
    say("patch_size", json!(config.patch_size));
    say("in_chans", json!(config.channels));
    say("embed_dim", json!(config.embed_dim));
    say("depth", json!(config.depth));
    say("num_heads", json!(config.num_heads));
    say("mlp_ratio", json!(config.mlp_dim as f64 / config.embed_dim as f64));
    let activation = config.activation.unwrap_or_default();
    if activation != Activation::Gelu {
        let named = ACTIVATIONS.iter().find(|(_, known)| *known == activation);
        say("act_layer", json!(named.map(|(name, _)| *name)));
    }
    let document = json!({
        "architecture": ARCHITECTURE,
        "num_classes": config.num_classes,
        "model_args": args,
        "pretrained_cfg": pretrained_cfg_of(&info.preprocess, config.num_classes),
        "label_names": info.classes,
    });
    (vec![(CONFIG, document)], notes(config, &info.preprocess))
}

fn notes(config: &VitConfig, preprocess: &Preprocess) -> Vec<String> {
    let mut notes = Vec::new();
    if !preprocess.cuts_alike(CropOffset::Even) {
        notes.push(String::from(
            "timm starts a cut in the middle at an even pixel, this network at the one before: some photos \
             are seen one pixel further there; --layout hf has it exactly",
        ));
    }
    notes.extend(epsilon("timm", config));
    if preprocess.channels() == 1 {
        notes.push(String::from(
            "timm converts no colours: give it images in grey, `.convert(\"L\")`",
        ));
    }
    notes
}
