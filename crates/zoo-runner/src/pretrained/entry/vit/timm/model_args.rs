//! What timm's `config.json` says of a Vision Transformer, above all by `model_args`.

use serde_json::{Map, Value, json};
use zoo_vit::{Activation, VitConfig};

use super::super::{
    Told,
    told::{BLOCKS, CHANNELS, FEATURES, IMAGE, PATCH},
};
use crate::pretrained::sidecar::{settings::Settings, timm::pretrained_cfg};

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
const HARMLESS: [&str; 27] = [
    "num_classes",
    "img_size",
    "patch_size",
    "in_chans",
    "embed_dim",
    "depth",
    "num_heads",
    "mlp_ratio",
    "qkv_bias",
    "init_values",
    "no_embed_class",
    "pre_norm",
    "reg_tokens",
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
const PLAIN: [(&str, &str); 6] = [
    ("class_token", "true"),
    ("final_norm", "true"),
    ("proj_bias", "true"),
    ("pos_embed", "\"learn\""),
    ("norm_layer", "\"layernorm\""),
    ("mlp_layer", "\"mlp\""),
];

/// What timm's `config.json` says of the network.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn told(config: &Value) -> Result<Told, String> {
    let top = Settings::new(config, "");
    let args = Settings::new(&config["model_args"], "model_args.");
    for place in [top, args, pretrained_cfg(config)] {
        if !matches!(place.word("global_pool")?, None | Some("token")) {
            return Err(
                place.refuse("global_pool", "\"token\": this network's head sees the class token")
            );
        }
    }
    check_args(args)?;
    let architecture = top.word("architecture")?.unwrap_or_default();
    let tag = pretrained_cfg(config).word("tag")?.unwrap_or_default();
    Ok(Told {
        sizes: Told::sizes([
            (FEATURES, args.count("embed_dim")?),
            (BLOCKS, args.count("depth")?),
            (PATCH, args.side("patch_size")?),
            (IMAGE, args.side("img_size")?),
            (CHANNELS, args.count("in_chans")?),
        ]),
        num_heads: args.count("num_heads")?.or_else(|| heads_of(architecture)),
        activation: args
            .one_of("act_layer", &ACTIVATIONS)?
            .or_else(|| is_quick(architecture, tag).then_some(Activation::QuickGelu)),
        qkv_bias: args.switch("qkv_bias")?,
        ..Told::default()
    })
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

/// Whether CLIP's weights of that name were trained with QuickGELU. timm notes it of weights whose
/// architecture has the exact GELU, too.
fn is_quick(architecture: &str, tag: &str) -> bool {
    let trained_so = ["openai", "metaclip", "dfn"].iter().any(|start| tag.starts_with(start));
    architecture.contains("_quickgelu") || (architecture.contains("_clip_") && trained_so)
}

/// Heads of a plain Vision Transformer of that name.
fn heads_of(architecture: &str) -> Option<usize> {
    let rest =
        ["vit_", "deit_", "deit3_"].iter().find_map(|start| architecture.strip_prefix(start))?;
    let (size, rest) = rest.split_once('_')?;
    let rest = rest.strip_prefix("distilled_").unwrap_or(rest);
    let heads = HEADS.iter().find(|(known, _)| *known == size)?;
    match rest.starts_with("patch") {
        // DINOv2's giant is narrower, with more heads.
        true if size == "giant" && rest.ends_with("dinov2") => Some(24),
        true => Some(heads.1),
        false => None,
    }
}

/// What makes [`ARCHITECTURE`](super::ARCHITECTURE) this network.
pub fn args(config: &VitConfig) -> Map<String, Value> {
    let mut args = Map::new();
    let mut say = |name: &str, value: Value| drop(args.insert(name.to_string(), value));
    say("img_size", json!(config.image_size));
    say("patch_size", json!(config.patch_size));
    say("in_chans", json!(config.channels));
    say("embed_dim", json!(config.embed_dim));
    say("depth", json!(config.depth));
    say("num_heads", json!(config.num_heads));
    say("mlp_ratio", json!(config.mlp_dim as f64 / config.embed_dim as f64));
    if let Some(layer_scale) = config.layer_scale {
        say("init_values", json!(layer_scale));
    }
    if config.registers > 0 {
        say("reg_tokens", json!(config.registers));
    }
    // An export adds the class token's position to it where there are registers.
    if !config.class_position || config.registers > 0 {
        say("no_embed_class", json!(true));
    }
    if config.pre_norm {
        say("pre_norm", json!(true));
    }
    let activation = config.activation.unwrap_or_default();
    if activation != Activation::Gelu {
        let named = ACTIVATIONS.iter().find(|(_, known)| *known == activation);
        say("act_layer", json!(named.map(|(name, _)| *name)));
    }
    args
}
