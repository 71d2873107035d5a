//! Sizes of a network from the shapes of its tensors, which go by our names and lie as PyTorch has
//! them: `[out, in]`.

use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
use zoo_vit::{VitConfig, VitPreset};

use super::{
    layout::{Layout, Named},
    sidecar::Sidecar,
};
use crate::{Error, model::ModelSettings};

/// Features of an attention head in every Vision Transformer that has been published under these
/// layouts.
const HEAD_WIDTH: usize = 64;

/// The network whose tensors these are.
///
/// # Errors
///
/// [`Error::Run`] if a tensor is missing or the shapes are those of no such network.
pub fn settings(
    tensors: &Named,
    layout: &Layout,
    sidecar: &Sidecar,
    num_heads: Option<usize>,
) -> Result<ModelSettings, Error> {
    let settings = match layout.model {
        "alexnet" => ModelSettings::AlexNet(alexnet(tensors)?.into()),
        _ => ModelSettings::Vit(vit(tensors, layout, sidecar, num_heads)?.into()),
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

fn vit(
    tensors: &Named,
    layout: &Layout,
    sidecar: &Sidecar,
    num_heads: Option<usize>,
) -> Result<VitConfig, Error> {
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
            "has {tokens} positions: expected one for a class token and those of a square of patches"
        )));
    }
    if let Some(other) = sidecar.embed_dim.filter(|other| *other != embed_dim) {
        return Err(tensors.refuse(format!(
            "has {embed_dim} features, but config.json beside it is of a network of {other}: put the \
             weights elsewhere"
        )));
    }
    let by_width = || embed_dim.is_multiple_of(HEAD_WIDTH).then_some(embed_dim / HEAD_WIDTH);
    let num_heads = num_heads.or(sidecar.num_heads).or_else(by_width).ok_or_else(|| {
        tensors.refuse(format!(
            "does not say how many attention heads share its {embed_dim} features: give --num-heads N"
        ))
    })?;
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
        num_heads,
        mlp_dim,
        layer_norm_epsilon: sidecar.layer_norm_epsilon.unwrap_or(layout.layer_norm_epsilon),
        ..VitConfig::preset(preset.unwrap_or_default())
    })
}
