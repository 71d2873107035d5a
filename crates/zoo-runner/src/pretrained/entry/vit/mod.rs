//! The Vision Transformers of other libraries.

mod huggingface;
mod timm;
mod told;
mod torchvision;

use burn::{
    store::bridge::deferred,
    tensor::{DType, Shape, TensorData},
};
use zoo_model::ModelSettings;
use zoo_vit::{Activation, Pooling, Position, VitConfig, VitPreset};

use self::told::Told;
use super::super::{
    assume::Assumption,
    layout::{Layout, Named, Split},
    options::ImportOptions,
    sidecar::CONFIG,
};
use crate::Error;

pub const LAYOUTS: &[&Layout] = &[&torchvision::VIT, &timm::VIT, &huggingface::VIT];

/// Features of an attention head in most Vision Transformers that have been published.
const HEAD_WIDTH: usize = 64;
/// The most features of a token with which they have heads of that width.
const WIDEST: usize = 1024;
/// Queries, keys and values, which some libraries keep apart.
const QKV: Split = Split {
    whole: ".qkv.",
    parts: [".query.", ".key.", ".value."],
    noun: "queries, keys and values",
};
/// Tensors of networks that are not supported.
const STRANGERS: &[(&str, &str)] = &[
    ("dist_token", DISTILLED),
    ("head_dist.weight", DISTILLED),
    ("embeddings.distillation_token", DISTILLED),
];
const DISTILLED: &str = "is a distilled DeiT (it contains {}), which has one token and one head more \
    than a Vision Transformer; use weights without distillation, such as deit_tiny_patch16_224";

/// The network whose tensors these are, with what was `told` beside them, in a library whose layer
/// norms mostly have that `epsilon`.
fn infer(
    tensors: &mut Named,
    told: &Told,
    epsilon: f64,
    options: &ImportOptions,
    assumed: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    if told.qkv_bias == Some(false) {
        add_zero_biases(tensors)?;
    }
    let mut config = sizes(tensors)?;
    told.check_sizes(&config).map_err(|message| tensors.refuse(message))?;
    config.num_heads = match options.num_heads.or(told.num_heads) {
        Some(num_heads) => num_heads,
        None => guessed_heads(tensors, config.embed_dim, assumed)?,
    };
    // The exact GELU is what a config means that says none.
    config.activation = told.activation.filter(|activation| *activation != Activation::Gelu);
    config.dropout = told.dropout.unwrap_or(0.0);
    config.layer_norm_epsilon = told.layer_norm_epsilon.unwrap_or(epsilon);
    Ok(ModelSettings::Vit(config.into()))
}

/// What the shapes of the tensors show, which lie as PyTorch has them: `[out, in]`.
fn sizes(tensors: &Named) -> Result<VitConfig, Error> {
    let [embed_dim, channels, patch_size, _] = tensors.dims("patch_embedding.weight")?;
    let [_, tokens, _] = tensors.dims("position_embedding")?;
    let [mlp_dim, _] = tensors.dims("blocks.0.mlp.fc1.weight")?;
    let num_classes = tensors.num_classes()?;
    let depth = (0..)
        .take_while(|block| tensors.tensors.contains_key(&format!("blocks.{block}.norm1.weight")));
    let depth = depth.count();
    let grid = tokens.saturating_sub(1).isqrt();
    if grid * grid + 1 != tokens {
        return Err(tensors.refuse(format!(
            "has {tokens} positions: expected one for the class token plus a square number for the \
             patches"
        )));
    }
    let sizes = |config: &VitConfig| (config.patch_size, config.embed_dim, config.depth);
    let preset = VitPreset::ALL
        .iter()
        .copied()
        .find(|&preset| sizes(&VitConfig::preset(preset)) == (patch_size, embed_dim, depth));
    Ok(VitConfig {
        num_classes,
        channels,
        image_size: grid * patch_size,
        patch_size,
        embed_dim,
        depth,
        mlp_dim,
        ..VitConfig::preset(preset.unwrap_or_default())
    })
}

/// How many heads networks of that many features mostly have, if all have the same.
fn guessed_heads(
    tensors: &Named,
    embed_dim: usize,
    assumed: &mut Vec<Assumption>,
) -> Result<usize, Error> {
    if embed_dim > WIDEST || !embed_dim.is_multiple_of(HEAD_WIDTH) {
        return Err(tensors.refuse(format!(
            "does not say how many attention heads share its {embed_dim} features: give --num-heads N, or \
             `model.vit.num_heads` in a config"
        )));
    }
    let num_heads = embed_dim / HEAD_WIDTH;
    assumed.push(Assumption::heads(num_heads, embed_dim));
    Ok(num_heads)
}

/// Gives queries, keys and values that have no biases biases of 0.
fn add_zero_biases(file: &mut Named) -> Result<(), Error> {
    if file.tensors.keys().any(|name| name.ends_with(".qkv.bias")) {
        return Err(file.refuse(format!(
            "has biases for queries, keys and values, but {CONFIG} beside it says `qkv_bias` false"
        )));
    }
    let weights = file.tensors.iter().filter(|(name, _)| name.ends_with(".qkv.weight"));
    let biases = weights.filter_map(|(name, weight)| {
        let name = name.replace("weight", "bias");
        let length = *weight.shape.to_vec().first()?;
        let zeros = move || Ok(TensorData::zeros::<f32, _>([length]));
        let bias = deferred(name.clone(), DType::F32, Shape::from([length]), None, zeros);
        Some((name, bias))
    });
    let biases: Vec<_> = biases.collect();
    file.tensors.extend(biases);
    Ok(())
}

/// The Vision Transformer that a layout of this folder is asked about.
fn config(model: &ModelSettings) -> VitConfig {
    VitConfig::try_from(model).expect("a Vision Transformer")
}

/// Whether the class token is scored, and positions are learned.
fn is_plain(config: &VitConfig) -> bool {
    config.pooling == Pooling::ClassToken && config.position == Position::Learned
}

/// What to tell of a library whose code says that layer norms add 1e-6 to the variance.
fn epsilon_note(library: &str, config: &VitConfig) -> Option<String> {
    let VitConfig { layer_norm_epsilon, .. } = config;
    (*layer_norm_epsilon != 1e-6).then(|| {
        format!(
            "{library}'s layer norms add 1e-6 to the variance, this network's {layer_norm_epsilon:e}: scores \
             differ by a little; --layout hf has it exactly"
        )
    })
}
