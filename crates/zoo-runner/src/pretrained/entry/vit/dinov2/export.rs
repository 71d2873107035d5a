//! How a network becomes a DINOv2 that its own repository, or transformers, reads.

use serde_json::{Value, json};
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_vit::{Activation, Pooling, Position, VitConfig};

use super::super::{config, huggingface, rework::zeros, timm::ARCHITECTURE};
use crate::pretrained::{
    sidecar::{Documents, huggingface::documents as of_transformers},
    source::Lazy,
};

/// What [`is_dinov2`] asks for, of a network without a head, which is how it is published.
const HUB: &str = "LayerScale, learned positions of patches and class token, and no head";
/// The same with the head that transformers has.
const HF: &str = "LayerScale, learned positions of patches and class token, and either no head or one on \
    the class token and the mean of the patches";

/// What torch.hub's network with or without registers has that this one has not.
pub fn hub_lacks(model: &ModelSettings, registers: bool) -> Option<&'static str> {
    let config = config(model);
    let activations = [None, Some(Activation::Gelu), Some(Activation::SwiGlu)];
    let fits = is_dinov2(&config, registers)
        && activations.contains(&config.activation)
        && is_headless(&config);
    (!fits).then_some(HUB)
}

/// What transformers' network with or without registers has that this one has not.
pub fn hf_lacks(model: &ModelSettings, registers: bool) -> Option<&'static str> {
    let config = config(model);
    let has_head = config.num_classes > 0 && config.pooling == Pooling::ClassAndMean;
    let fits = is_dinov2(&config, registers)
        && mlp_ratio(&config).is_some()
        && (has_head || is_headless(&config));
    (!fits).then_some(HF)
}

fn is_dinov2(config: &VitConfig, registers: bool) -> bool {
    config.layer_scale.is_some()
        && config.position == Position::Learned
        && config.class_position
        && (config.registers > 0) == registers
        && !config.pre_norm
        && config.projection.is_none()
}

fn is_headless(config: &VitConfig) -> bool {
    config.num_classes == 0 && config.pooling == Pooling::ClassToken
}

/// Adds the mask token, which only DINOv2's own training uses, gives both layers of a SwiGLU the names
/// that they have in `gated`, and takes `trunk` from the names of a network without a head.
pub fn finish(
    model: &ModelSettings,
    mut tensors: Vec<Lazy>,
    trunk: &str,
    gated: [&str; 2],
) -> Vec<Lazy> {
    let config = config(model);
    let embeddings = if trunk.is_empty() { "" } else { "embeddings." };
    let mask_token = format!("{trunk}{embeddings}mask_token");
    tensors.push(zeros(&mask_token, [1, config.embed_dim]));
    for tensor in &mut tensors {
        if config.activation == Some(Activation::SwiGlu) {
            let [first, second] = gated.map(|name| format!(".mlp.{name}."));
            tensor.name = tensor.name.replace(".mlp.fc1.", &first).replace(".mlp.fc2.", &second);
        }
        if config.num_classes == 0 {
            tensor.name = tensor.name.trim_start_matches(trunk).to_string();
        }
    }
    tensors
}

/// transformers' files for the network.
pub fn documents(info: &WeightsInfo) -> Documents {
    of_transformers(document(&config(&info.model)), &ARCHITECTURE, info)
}

/// The network as transformers describes it.
fn document(config: &VitConfig) -> Value {
    let (name, model_type) = match config.registers {
        0 => ("Dinov2", "dinov2"),
        _ => ("Dinov2WithRegisters", "dinov2_with_registers"),
    };
    let form = if config.num_classes == 0 { "Model" } else { "ForImageClassification" };
    let gated = config.activation == Some(Activation::SwiGlu);
    // A gated MLP bends by SiLU, whatever is said of the activation.
    let activation = if gated { Activation::Silu } else { config.activation.unwrap_or_default() };
    let mut document = json!({
        "architectures": [format!("{name}{form}")],
        "model_type": model_type,
        "hidden_size": config.embed_dim,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.num_heads,
        "mlp_ratio": mlp_ratio(config),
        "use_swiglu_ffn": gated,
        "hidden_act": huggingface::name_of(activation),
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": 0.0,
        "layer_norm_eps": config.layer_norm_epsilon,
        "layerscale_value": config.layer_scale,
        "image_size": config.image_size,
        "patch_size": config.patch_size,
        "num_channels": config.channels,
        "qkv_bias": true,
    });
    if config.registers > 0 {
        document["num_register_tokens"] = json!(config.registers);
    }
    document
}

/// The whole number by which transformers makes hidden features of the features of a token; those of a
/// SwiGLU become two thirds of it, rounded up to a multiple of 8.
fn mlp_ratio(config: &VitConfig) -> Option<usize> {
    let hidden = |ratio: usize| match config.activation {
        Some(Activation::SwiGlu) => (config.embed_dim * ratio * 2 / 3).next_multiple_of(8),
        _ => config.embed_dim * ratio,
    };
    (1..=config.mlp_dim)
        .find(|&ratio| hidden(ratio) >= config.mlp_dim)
        .filter(|&ratio| hidden(ratio) == config.mlp_dim)
}
