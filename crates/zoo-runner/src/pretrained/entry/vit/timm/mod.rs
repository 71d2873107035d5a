//! timm's `vit_*_patch*` with a class token, with or without registers, LayerScale and the norm of CLIP:
//! augreg, DeiT with and without distillation, DeiT III, DINO, DINOv2, MAE and CLIP.

mod export;
mod model_args;

use serde_json::json;
use zoo_data::{Interpolation, Resize};
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_vit::{Activation, Pooling, Position};

use self::model_args::{args, told};
use super::{
    STRANGERS, Told, config, epsilon_note, prepared,
    rework::{self, is_zero},
};
use crate::{
    Error,
    pretrained::{
        assume::Assumption,
        layout::{Assumed, Layout, Named},
        sidecar::{Documents, timm::Architecture},
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
        // An export calls it `head`, which an import tells from a head.
        ("projection.weight", "projection.weight"),
        ("distillation_head.*", "head_dist.*"),
    ],
    // What MAE learns with.
    idle: &["mask_token", "decoder_"],
    mark: "patch_embed.proj.weight",
    strangers: STRANGERS,
    head: "head.",
    headless: true,
    beside: &["config.json"],
    infer: |tensors, sidecar, options, assumed| {
        let told = Told::beside(sidecar, told)?;
        settle_heads(tensors, assumed)?;
        let is_clip = tensors.tensors.contains_key("pre_norm.weight");
        let epsilon = if is_clip { CLIP_EPSILON } else { EPSILON };
        super::infer(tensors, &told, epsilon, options, assumed)
    },
    preprocess,
    lacks,
    describe,
    finish: Some(export::finish),
    ..Layout::PLAIN
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
        (_, true) => {
            Assumed { crop_ratio: 1.0, interpolation: augreg.interpolation, ..Assumed::IMAGENET }
        }
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

fn lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = config(model);
    let projects = config.projection.is_some();
    let fits = config.pooling == Pooling::ClassToken
        && config.position == Position::Learned
        && config.activation != Some(Activation::SwiGlu)
        && (!projects || (config.pre_norm && config.num_classes == 0));
    (!fits).then_some(
        "a class token, learned positions, no SwiGLU, and a projection only in CLIP's place of a head",
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

fn describe(info: &WeightsInfo) -> Documents {
    let config = config(&info.model);
    let is_clip = config.pre_norm && config.layer_norm_epsilon == CLIP_EPSILON;
    let architecture = if is_clip { CLIP_ARCHITECTURE } else { ARCHITECTURE };
    let mut documents = architecture.documents(args(&config), info);
    if let Some(width) = config.projection {
        documents.files[0].1["num_classes"] = json!(width);
    }
    if !is_clip {
        documents.notes.extend(epsilon_note("timm", &config));
    }
    documents
}
