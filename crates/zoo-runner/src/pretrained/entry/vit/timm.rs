//! timm's `vit_*_patch*` with a class token, and DeiT without distillation.

use serde_json::{Map, Value, json};
use zoo_data::{Interpolation, Resize};
use zoo_model::WeightsInfo;
use zoo_vit::{Activation, VitConfig};

use super::{STRANGERS, Told, config, epsilon_note, is_plain, told::Size};
use crate::pretrained::{
    layout::{Assumed, Layout},
    positions::Bicubic,
    sidecar::{
        Documents,
        settings::{Settings, list},
        timm::{Architecture, pretrained_cfg},
    },
};

pub const VIT: Layout = Layout {
    library: "timm",
    model: "vit",
    names: &[
        ("class_token", "cls_token"),
        ("position_embedding", "pos_embed"),
        ("patch_embedding.*", "patch_embed.proj.*"),
        ("blocks.#.norm1.*", "blocks.#.norm1.*"),
        ("blocks.#.attention.qkv.*", "blocks.#.attn.qkv.*"),
        ("blocks.#.attention.proj.*", "blocks.#.attn.proj.*"),
        ("blocks.#.norm2.*", "blocks.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "blocks.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "blocks.#.mlp.fc2.*"),
        ("norm.*", "norm.*"),
        ("head.*", "head.*"),
    ],
    aliases: &[],
    idle: &[],
    mark: "patch_embed.proj.weight",
    strangers: STRANGERS,
    trunk: "",
    head: "head.",
    split: None,
    positions: Bicubic::Antialiased,
    beside: &["config.json"],
    published: &[],
    infer: |tensors, sidecar, options, assumed| {
        let told = match &sidecar.config {
            Some(config) => told(config).map_err(|message| sidecar.refuse(message))?,
            None => Told::exported(sidecar),
        };
        super::infer(tensors, &told, 1e-6, options, assumed)
    },
    // Those of the augreg weights; DeiT uses ImageNet's values, which the names do not show.
    preprocess: |_| Assumed {
        mean: [0.5; 3],
        std: [0.5; 3],
        resize: Resize::Crop,
        crop_ratio: 0.9,
        interpolation: Interpolation::Bicubic,
    },
    lacks: |model| (!is_plain(&config(model))).then_some("a class token and learned positions"),
    describe,
};

/// The architecture that `model_args` then change.
pub const ARCHITECTURE: Architecture = Architecture {
    name: "vit_base_patch16_224",
    first_conv: "patch_embed.proj",
    classifier: "head",
};

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

/// What timm's `config.json` says of the network.
///
/// # Errors
///
/// What cannot be done here, by its name.
fn told(config: &Value) -> Result<Told, String> {
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
    Ok(Told {
        sizes: Told::sizes([
            (Size::Features, args.count("embed_dim")?),
            (Size::Blocks, args.count("depth")?),
            (Size::Patch, args.side("patch_size")?),
            (Size::Image, args.side("img_size")?),
            (Size::Channels, args.count("in_chans")?),
        ]),
        num_heads: args.count("num_heads")?.or_else(|| heads_of(top.word("architecture").ok()??)),
        activation: activation(args)?,
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

fn describe(info: &WeightsInfo) -> Documents {
    let config = config(&info.model);
    let mut documents = ARCHITECTURE.documents(args(&config), info);
    documents.notes.extend(epsilon_note("timm", &config));
    documents
}

fn args(config: &VitConfig) -> Map<String, Value> {
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
    args
}
