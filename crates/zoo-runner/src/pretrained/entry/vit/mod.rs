//! The Vision Transformers of other libraries.

mod clip;
mod dinov2;
mod huggingface;
mod prepared;
mod rework;
#[cfg(test)]
mod tests;
mod timm;
mod told;
mod torchvision;

use zoo_model::ModelSettings;
use zoo_vit::{Activation, Pooling, Position, VitConfig, VitPreset};

use self::{rework::zeros, told::Told};
use super::super::{
    assume::Assumption,
    layout::{Layout, Named, Split},
    options::ImportOptions,
    sidecar::CONFIG,
};
use crate::Error;

/// Where two have the same mark, the one that wants more beside it comes first.
pub const LAYOUTS: &[&Layout] = &[
    &torchvision::VIT,
    &dinov2::HUB_REGISTERS,
    &dinov2::HUB,
    &timm::VIT,
    &dinov2::HF_REGISTERS,
    &dinov2::HF,
    &huggingface::VIT,
    &clip::OPEN_CLIP,
    &clip::HF,
];

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
    ("attn_pool.latent", ATTENTION_POOLING),
    ("attn_pool.query", ATTENTION_POOLING),
    ("head.probe", ATTENTION_POOLING),
    ("rope_embed.periods", ROTARY),
    ("storage_tokens", ROTARY),
    ("blocks.0.gamma_1", EVA),
    ("embeddings.patch_embeddings.weight", ROTARY),
    ("embeddings.distillation_token", DISTILLED),
];
const ATTENTION_POOLING: &str = "is pooled by attention (it contains {}), as SigLIP is, which is not \
    supported; use weights with a class token, such as timm/vit_base_patch16_clip_224.openai";
const ROTARY: &str = "has rotary positions (it contains {}), as DINOv3 has, which are not supported; use \
    weights with learned positions, such as timm/vit_small_patch14_reg4_dinov2.lvd142m";
const EVA: &str = "is of timm's EVA family (it contains {}), as DINOv3 and BEiT are there: their positions, \
    rotary or relative, are not supported; use weights with learned positions, such as \
    timm/vit_small_patch14_reg4_dinov2.lvd142m";
const DISTILLED: &str = "is a distilled DeiT in transformers' layout (it contains {}), which is not \
    supported; use timm's, such as timm/deit_tiny_distilled_patch16_224.fb_in1k";
/// Where learned factors of branches start that are read from a file; they are not drawn again.
const LAYER_SCALE: f64 = 1e-5;

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
    if config.activation.is_none() {
        // The exact GELU is what a config means that says none.
        config.activation = told.activation.filter(|activation| *activation != Activation::Gelu);
    }
    config.dropout = told.dropout.unwrap_or(0.0);
    config.layer_norm_epsilon = told.layer_norm_epsilon.unwrap_or(epsilon);
    Ok(ModelSettings::Vit(config.into()))
}

/// What the shapes of the tensors show, which lie as PyTorch has them: `[out, in]`.
fn sizes(tensors: &Named) -> Result<VitConfig, Error> {
    let has = |name: &str| tensors.tensors.contains_key(name);
    let [embed_dim, channels, patch_size, _] = tensors.dims("patch_embedding.weight")?;
    let [_, tokens, _] = tensors.dims("position_embedding")?;
    let [hidden, _] = tensors.dims("blocks.0.mlp.fc1.weight")?;
    let [_, mlp_dim] = tensors.dims("blocks.0.mlp.fc2.weight")?;
    let num_classes = tensors.num_classes()?;
    let depth = (0..).take_while(|block| has(&format!("blocks.{block}.norm1.weight"))).count();
    let class_tokens = if has("distillation_token") { 2 } else { 1 };
    let (grid, class_position) = grid(tensors, tokens, class_tokens)?;
    let projection = match has("projection.weight") {
        true => tensors.dims("projection.weight").map(|[width, _]| Some(width))?,
        false => None,
    };
    let read = match num_classes {
        0 => embed_dim,
        _ => tensors.dims("head.weight").map(|[_, width]| width)?,
    };
    let pooling = match (class_tokens, read) {
        (2, _) => Pooling::ClassAndDistillation,
        (_, read) if read == 2 * embed_dim && projection.is_none() => Pooling::ClassAndMean,
        _ => Pooling::ClassToken,
    };
    let registers = match has("register_tokens") {
        true => tensors.dims("register_tokens").map(|[_, registers, _]| registers)?,
        false => 0,
    };
    Ok(VitConfig {
        num_classes,
        channels,
        image_size: grid * patch_size,
        patch_size,
        embed_dim,
        depth,
        mlp_dim,
        activation: (hidden == 2 * mlp_dim).then_some(Activation::SwiGlu),
        pooling,
        class_position,
        registers,
        pre_norm: has("pre_norm.weight"),
        layer_scale: has("blocks.0.layer_scale1.gamma").then_some(LAYER_SCALE),
        projection,
        ..VitConfig::preset(preset(patch_size, embed_dim, depth))
    })
}

/// Patches along a side of the image, and whether class tokens have positions too.
fn grid(tensors: &Named, positions: usize, class_tokens: usize) -> Result<(usize, bool), Error> {
    for (class_tokens, class_position) in [(class_tokens, true), (0, false)] {
        let patches = positions.saturating_sub(class_tokens);
        let grid = patches.isqrt();
        if grid > 0 && grid * grid == patches {
            return Ok((grid, class_position));
        }
    }
    let each =
        if class_tokens == 1 { "one for the class token" } else { "two for the class tokens" };
    Err(tensors.refuse(format!(
        "has {positions} positions: expected {each} plus a square number for the patches, or that number alone"
    )))
}

/// The preset of these sizes, or else one that differs in its patches alone.
fn preset(patch_size: usize, embed_dim: usize, depth: usize) -> VitPreset {
    let sizes = |preset: VitPreset| {
        let config = VitConfig::preset(preset);
        (config.embed_dim, config.depth, config.patch_size)
    };
    let of = |found: &dyn Fn((usize, usize, usize)) -> bool| {
        VitPreset::ALL.iter().copied().find(|&preset| found(sizes(preset)))
    };
    let exact = of(&|found| found == (embed_dim, depth, patch_size));
    exact.or(of(&|found| (found.0, found.1) == (embed_dim, depth))).unwrap_or_default()
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
        Some((name.clone(), zeros(&name, [length])))
    });
    let biases: Vec<_> = biases.collect();
    file.tensors.extend(biases);
    Ok(())
}

/// The Vision Transformer that a layout of this folder is asked about.
fn config(model: &ModelSettings) -> VitConfig {
    VitConfig::try_from(model).expect("a Vision Transformer")
}

/// What [`is_plain`] asks for.
const PLAIN: &str =
    "a class token, learned positions and a head, and none of the switches of newer networks";

/// Whether it is the Vision Transformer of the paper, with a head.
fn is_plain(config: &VitConfig) -> bool {
    config.num_classes > 0
        && config.pooling == Pooling::ClassToken
        && config.position == Position::Learned
        && config.class_position
        && config.registers == 0
        && !config.pre_norm
        && config.layer_scale.is_none()
        && config.projection.is_none()
        && config.activation != Some(Activation::SwiGlu)
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
