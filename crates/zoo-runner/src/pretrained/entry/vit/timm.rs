//! timm's `vit_*_patch*` with a class token, with or without registers, LayerScale and the norm of CLIP:
//! augreg, DeiT with and without distillation, DeiT III, DINO, DINOv2, MAE and CLIP.

use serde_json::{Map, Value, json};
use zoo_data::{Interpolation, Resize};
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_vit::{Activation, Pooling, Position, VitConfig};

use super::{
    STRANGERS, Told, config, epsilon_note, prepared,
    rework::{self, is_zero},
    told::Size,
};
use crate::{
    Error,
    pretrained::{
        assume::Assumption,
        layout::{Assumed, Layout, Named},
        positions::Bicubic,
        sidecar::{
            Documents,
            settings::{Settings, list},
            timm::{Architecture, pretrained_cfg},
        },
    },
};

pub const VIT: Layout = Layout {
    library: "timm",
    model: "vit",
    names: &[
        ("class_token", "cls_token"),
        ("distillation_token", "dist_token"),
        ("position_embedding", "pos_embed"),
        ("register_tokens", "reg_token"),
        ("patch_embedding.*", "patch_embed.proj.*"),
        ("pre_norm.*", "norm_pre.*"),
        ("blocks.#.norm1.*", "blocks.#.norm1.*"),
        ("blocks.#.attention.qkv.*", "blocks.#.attn.qkv.*"),
        ("blocks.#.attention.proj.*", "blocks.#.attn.proj.*"),
        ("blocks.#.layer_scale1.gamma", "blocks.#.ls1.gamma"),
        ("blocks.#.norm2.*", "blocks.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "blocks.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "blocks.#.mlp.fc2.*"),
        ("blocks.#.layer_scale2.gamma", "blocks.#.ls2.gamma"),
        ("norm.*", "norm.*"),
        ("head.*", "head.*"),
        ("distillation_head.*", "head_dist.*"),
    ],
    aliases: &[],
    // What MAE learns with.
    idle: &["mask_token", "decoder_"],
    mark: "patch_embed.proj.weight",
    with: &[],
    strangers: STRANGERS,
    trunk: "",
    head: "head.",
    headless: true,
    split: None,
    positions: Bicubic::Antialiased,
    interpolates: false,
    beside: &["config.json"],
    published: &[],
    infer: |tensors, sidecar, options, assumed| {
        let told = match &sidecar.config {
            Some(config) => told(config).map_err(|message| sidecar.refuse(message))?,
            None => Told::exported(sidecar),
        };
        settle_heads(tensors, assumed)?;
        let is_clip = tensors.tensors.contains_key("pre_norm.weight");
        let epsilon = if is_clip { CLIP_EPSILON } else { EPSILON };
        super::infer(tensors, &told, epsilon, options, assumed)
    },
    preprocess,
    lacks,
    describe,
};

/// What timm's layer norms add to the variance, and those of its CLIP.
const EPSILON: f64 = 1e-6;
const CLIP_EPSILON: f64 = 1e-5;

/// Those of the augreg weights, and of the networks that are known by their switches; DeiT uses
/// ImageNet's values, which the names do not show.
fn preprocess(model: &ModelSettings) -> Assumed {
    let config = config(model);
    let augreg = Assumed {
        mean: [0.5; 3],
        std: [0.5; 3],
        resize: Resize::Crop,
        crop_ratio: 0.9,
        interpolation: Interpolation::Bicubic,
        image_size: None,
    };
    match (config.pre_norm, config.layer_scale.is_some()) {
        (true, _) => prepared::CLIP,
        (_, true) => Assumed {
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
            crop_ratio: 1.0,
            ..augreg
        },
        _ => augreg,
    }
}

/// Makes one head of DeiT's two, and CLIP's projection of the head that timm puts in its place, whose
/// biases are zeros.
fn settle_heads(tensors: &mut Named, assumed: &mut Vec<Assumption>) -> Result<(), Error> {
    const SECOND: &str = "distillation_head";
    if !tensors.has_head {
        tensors.tensors.retain(|name, _| !name.starts_with(SECOND));
    } else if tensors.tensors.contains_key("distillation_token") {
        rework::average_heads(tensors, "head", SECOND)?;
        assumed.push(Assumption::note(String::from(
            "the mean of both heads, as the distilled DeiT predicts; they become one head on both tokens",
        )));
    } else if tensors.tensors.contains_key("pre_norm.weight") && is_zero(tensors, "head.bias")? {
        tensors.tensors.remove("head.bias");
        if let Some(mut projection) = tensors.tensors.remove("head.weight") {
            projection.name = String::from("projection.weight");
            tensors.tensors.insert(projection.name.clone(), projection);
        }
        tensors.has_head = false;
        assumed.push(Assumption::note(String::from(
            "CLIP's projection, which timm calls `head`, as the last layer of the features",
        )));
    }
    Ok(())
}

/// timm adds positions before registers, and only to patches if there are any.
fn lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = config(model);
    let fits = config.pooling == Pooling::ClassToken
        && config.position == Position::Learned
        && config.projection.is_none()
        && config.activation != Some(Activation::SwiGlu)
        && (config.registers == 0 || !config.class_position);
    (!fits).then_some(
        "a class token, learned positions that no register has company in, no projection and no SwiGLU",
    )
}

/// The architecture that `model_args` then change; CLIP's has another epsilon.
pub const ARCHITECTURE: Architecture = Architecture {
    name: "vit_base_patch16_224",
    first_conv: "patch_embed.proj",
    classifier: "head",
};
const CLIP_ARCHITECTURE: Architecture =
    Architecture { name: "vit_base_patch16_clip_224", ..ARCHITECTURE };

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
    let architecture = top.word("architecture")?.unwrap_or_default();
    let tag = pretrained_cfg(config).word("tag")?.unwrap_or_default();
    Ok(Told {
        sizes: Told::sizes([
            (Size::Features, args.count("embed_dim")?),
            (Size::Blocks, args.count("depth")?),
            (Size::Patch, args.side("patch_size")?),
            (Size::Image, args.side("img_size")?),
            (Size::Channels, args.count("in_chans")?),
        ]),
        num_heads: args.count("num_heads")?.or_else(|| heads_of(architecture)),
        activation: match activation(args)? {
            Some(activation) => Some(activation),
            None => is_quick(architecture, tag).then_some(Activation::QuickGelu),
        },
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

fn describe(info: &WeightsInfo) -> Documents {
    let config = config(&info.model);
    if config.pre_norm && config.layer_norm_epsilon == CLIP_EPSILON {
        return CLIP_ARCHITECTURE.documents(args(&config), info);
    }
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
    if let Some(layer_scale) = config.layer_scale {
        say("init_values", json!(layer_scale));
    }
    if config.registers > 0 {
        say("reg_tokens", json!(config.registers));
    }
    if !config.class_position {
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
