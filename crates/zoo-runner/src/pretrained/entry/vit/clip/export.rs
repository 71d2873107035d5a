//! How a network becomes an image tower of CLIP that open_clip, or transformers, reads.

use serde_json::{Value, json};
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_vit::{Activation, Pooling, Position, VitConfig};

use super::super::{
    config, huggingface,
    rework::{reshaped, transposed},
    timm::ARCHITECTURE,
};
use crate::pretrained::{
    sidecar::{Documents, huggingface::documents as of_transformers},
    source::Lazy,
};

/// Where open_clip takes the file.
pub const TOWER: &str =
    "it is the image tower alone: load it with `model.visual.load_state_dict(weights)`";
/// What open_clip adds to the variance in layer normalisation.
const EPSILON: f64 = 1e-5;

/// What the image tower of open_clip has that this network has not.
pub fn open_clip_lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = config(model);
    let activations = [None, Some(Activation::Gelu), Some(Activation::QuickGelu)];
    let fits = is_clip(&config)
        && config.projection.is_some()
        && activations.contains(&config.activation)
        && config.layer_norm_epsilon == EPSILON;
    (!fits).then_some(
        "what CLIP's image tower has: a norm before the blocks, a class token, learned positions, a \
         projection and no head",
    )
}

/// What the image tower of transformers has that this network has not.
pub fn hf_lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = config(model);
    let fits = is_clip(&config)
        && config.layer_scale.is_none()
        && config.activation != Some(Activation::SwiGlu);
    (!fits).then_some(
        "what CLIP's image tower has: a norm before the blocks, a class token, learned positions and no \
         head",
    )
}

fn is_clip(config: &VitConfig) -> bool {
    config.pre_norm
        && config.pooling == Pooling::ClassToken
        && config.position == Position::Learned
        && config.class_position
        && config.registers == 0
        && config.num_classes == 0
}

/// open_clip's tensors: tokens without the extents of one, and the projection turned.
pub fn open_clip(_: &ModelSettings, tensors: Vec<Lazy>) -> Vec<Lazy> {
    let turn = |tensor: Lazy| match tensor.name.as_str() {
        "class_embedding" | "positional_embedding" => lowered(tensor),
        "proj" => transposed(tensor),
        _ => tensor,
    };
    tensors.into_iter().map(turn).collect()
}

/// transformers' tensors: tokens without the extents of one.
pub fn hf(_: &ModelSettings, tensors: Vec<Lazy>) -> Vec<Lazy> {
    let turn = |tensor: Lazy| match tensor.name.ends_with("_embedding")
        || tensor.name.ends_with("position_embedding.weight")
    {
        true => lowered(tensor),
        false => tensor,
    };
    tensors.into_iter().map(turn).collect()
}

/// One token as a vector, several as a matrix.
fn lowered(tokens: Lazy) -> Lazy {
    let [_, count, width] = tokens.shape.dims();
    match count {
        1 => reshaped(tokens, [width]),
        _ => reshaped(tokens, [count, width]),
    }
}

/// transformers' files for the network.
pub fn documents(info: &WeightsInfo) -> Documents {
    of_transformers(document(&config(&info.model)), &ARCHITECTURE, info)
}

/// The network as transformers describes it.
fn document(config: &VitConfig) -> Value {
    let form = if config.projection.is_some() { "WithProjection" } else { "" };
    let mut document = json!({
        "architectures": [format!("CLIPVisionModel{form}")],
        "model_type": "clip_vision_model",
        "hidden_size": config.embed_dim,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.mlp_dim,
        "hidden_act": huggingface::name_of(config.activation.unwrap_or_default()),
        "attention_dropout": 0.0,
        "layer_norm_eps": config.layer_norm_epsilon,
        "image_size": config.image_size,
        "patch_size": config.patch_size,
        "num_channels": config.channels,
    });
    if let Some(width) = config.projection {
        document["projection_dim"] = json!(width);
    }
    document
}
