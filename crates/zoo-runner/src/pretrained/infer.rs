//! Sizes of a network from the shapes of its tensors, which go by our names and lie as PyTorch has
//! them: `[out, in]`.

use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
use zoo_vit::{Activation, VitConfig, VitPreset};

use super::{
    assume::Assumption,
    layout::{Layout, Named},
    sidecar::Sidecar,
};
use crate::{Error, model::ModelSettings};

/// Features of an attention head in most Vision Transformers that have been published.
const HEAD_WIDTH: usize = 64;
/// The most features of a token with which they have heads of that width.
const WIDEST: usize = 1024;

/// The network whose tensors these are. What had to be guessed is added to `assumed`.
///
/// # Errors
///
/// [`Error::Run`] if a tensor is missing or the shapes are those of no such network.
pub fn settings(
    tensors: &Named,
    layout: &Layout,
    sidecar: &Sidecar,
    num_heads: Option<usize>,
    assumed: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    let settings = match layout.model {
        "alexnet" => ModelSettings::AlexNet(alexnet(tensors)?.into()),
        _ => {
            let mut config = vit(tensors, layout, sidecar)?;
            sidecar.check_sizes(&config).map_err(|message| tensors.refuse(message))?;
            config.num_heads = match num_heads.or(sidecar.num_heads) {
                Some(num_heads) => num_heads,
                None => guessed_heads(tensors, config.embed_dim, assumed)?,
            };
            ModelSettings::Vit(config.into())
        }
    };
    settings.check().map_err(|message| tensors.refuse(message))?;
    Ok(settings)
}

fn alexnet(tensors: &Named) -> Result<AlexNetConfig, Error> {
    let convolution = |number| tensors.dims::<4>(&format!("features.conv{number}.weight"));
    let [width1, channels, conv1_kernel, _] = convolution(1)?;
    let [width2, _, conv2_kernel, _] = convolution(2)?;
    let [[width3, ..], [width4, ..], [width5, ..]] =
        [convolution(3)?, convolution(4)?, convolution(5)?];
    let [hidden, features] = tensors.dims("classifier.fc6.weight")?;
    let num_classes = tensors.num_classes()?;
    Ok(AlexNetConfig {
        num_classes,
        channels,
        widths: [width1, width2, width3, width4, width5],
        conv1_kernel,
        conv2_kernel,
        feature_size: features.checked_div(width5).unwrap_or(0).isqrt(),
        hidden,
        ..AlexNetConfig::preset(AlexNetPreset::Torchvision)
    })
}

fn vit(tensors: &Named, layout: &Layout, sidecar: &Sidecar) -> Result<VitConfig, Error> {
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
        // The exact GELU is what a config means that says none.
        activation: sidecar.activation.filter(|activation| *activation != Activation::Gelu),
        dropout: sidecar.dropout.unwrap_or(0.0),
        layer_norm_epsilon: sidecar.layer_norm_epsilon.unwrap_or(layout.layer_norm_epsilon),
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
