//! The residual networks of other libraries.

mod akamaster;
mod huggingface;
mod timm;
mod torchvision;

#[cfg(test)]
mod tests;

use zoo_data::Resize;
use zoo_model::ModelSettings;
use zoo_resnet::{BlockKind, ResNetConfig, ResNetPreset, Shortcut, Stem};

use super::super::{
    assume::Assumption,
    layout::{Assumed, Layout, Named},
    options::ImportOptions,
    sidecar::Sidecar,
};
use crate::Error;

/// Where two know all tensors of a file, the first is taken, unless a file beside it says otherwise.
pub const LAYOUTS: &[&Layout] = &[
    &torchvision::RESNET,
    &timm::RESNET,
    &timm::RESNET_D,
    &huggingface::RESNET,
    &akamaster::RESNET,
];

/// The tensor by which all but Hugging Face's are recognised.
const MARK: &str = "layer1.0.conv1.weight";
/// From this side on, a network without a stride in its stem is told to be expensive.
const LARGE: usize = 128;

/// Small images are taken as they are, others are cut as for ImageNet.
fn usual(model: &ModelSettings) -> Assumed {
    match config(model).stem {
        Stem::ThreeByThree => {
            Assumed { resize: Resize::Squish, crop_ratio: 1.0, ..Assumed::IMAGENET }
        }
        Stem::SevenBySeven | Stem::ThreeConvolutions => Assumed::IMAGENET,
    }
}

/// The network whose tensors these are, in a library with that kind of shortcut.
fn infer(
    tensors: &Named,
    shortcut: Shortcut,
    sidecar: &Sidecar,
    options: &ImportOptions,
    assumed: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    let (stem, channels, stem_width) = stem(tensors)?;
    let block = block(tensors)?;
    let (mut depths, mut widths) = (Vec::new(), Vec::new());
    for stage in 0.. {
        let has_block = |block: &usize| has(tensors, &format!("stages.{stage}.blocks.{block}"));
        let depth = (0..).take_while(has_block).count();
        if depth == 0 {
            break;
        }
        let first = format!("stages.{stage}.blocks.0.layers.0.conv.weight");
        let [width, ..] = tensors.dims::<4>(&first)?;
        depths.push(depth);
        widths.push(width);
    }
    check_blocks(tensors, block, &widths)?;
    let told = sidecar.preprocess.as_ref().map(|preprocess| preprocess.image_size);
    let image_size = told.unwrap_or(if stem == Stem::ThreeByThree { 32 } else { 224 });
    let shown = options.image_size.unwrap_or(image_size);
    if stem == Stem::ThreeByThree && shown >= LARGE {
        assumed.push(Assumption::note(format!(
            "images of {shown} pixels for a network in the form for CIFAR, which sees all of them in its first \
             stage: {} times the cost of 32 pixels",
            (shown / 32) * (shown / 32)
        )));
    }
    let sizes = |preset: &ResNetPreset| {
        let config = ResNetConfig::preset(*preset);
        (config.stem == Stem::ThreeByThree, config.block, config.depths)
    };
    let found = (stem == Stem::ThreeByThree, block, depths.clone());
    let preset = ResNetPreset::ALL.iter().copied().find(|preset| sizes(preset) == found);
    let config = ResNetConfig {
        num_classes: tensors.num_classes()?,
        channels,
        image_size,
        stem,
        stem_width,
        block,
        depths,
        widths,
        shortcut,
        ..ResNetConfig::preset(preset.unwrap_or_default())
    };
    Ok(ModelSettings::ResNet(config.into()))
}

/// What comes before the stages, the channels of an image, and those that leave it.
fn stem(tensors: &Named) -> Result<(Stem, usize, usize), Error> {
    let conv = |index| tensors.dims::<4>(&format!("stem.{index}.conv.weight"));
    let [first, channels, kernel, _] = conv(0)?;
    if !has(tensors, "stem.1") {
        return match kernel {
            3 => Ok((Stem::ThreeByThree, channels, first)),
            7 => Ok((Stem::SevenBySeven, channels, first)),
            _ => Err(tensors.refuse(format!(
                "begins with a convolution of {kernel} x {kernel}: expected 7 x 7, or 3 x 3 for small images"
            ))),
        };
    }
    let ([second, ..], [third, ..]) = (conv(1)?, conv(2)?);
    match [2 * first, 2 * second] == [third; 2] {
        true => Ok((Stem::ThreeConvolutions, channels, third)),
        false => Err(tensors.refuse(format!(
            "begins with convolutions to {first}, {second} and {third} channels: expected half as many in the \
             first two as in the third, as in ResNet-D"
        ))),
    }
}

/// Two convolutions or three, by the first block.
fn block(tensors: &Named) -> Result<BlockKind, Error> {
    let layers =
        (0..).take_while(|layer| has(tensors, &format!("stages.0.blocks.0.layers.{layer}")));
    match layers.count() {
        2 => Ok(BlockKind::Basic),
        3 => Ok(BlockKind::Bottleneck),
        found => {
            Err(tensors.refuse(format!("has {found} convolutions in a block: expected 2 or 3")))
        }
    }
}

/// Refuses wide and grouped bottlenecks.
fn check_blocks(tensors: &Named, block: BlockKind, widths: &[usize]) -> Result<(), Error> {
    if block == BlockKind::Basic {
        return Ok(());
    }
    for (stage, width) in widths.iter().enumerate() {
        let conv = |layer| {
            tensors.dims::<4>(&format!("stages.{stage}.blocks.0.layers.{layer}.conv.weight"))
        };
        let ([_, group, ..], [output, ..]) = (conv(1)?, conv(2)?);
        if group != *width {
            return Err(tensors.refuse(format!(
                "has convolutions of {width} channels in {} groups, as a ResNeXt has: expected a ResNet",
                width.checked_div(group).unwrap_or(0)
            )));
        }
        if output != 4 * width {
            return Err(tensors.refuse(format!(
                "has bottlenecks from {width} to {output} channels, as a Wide ResNet has: expected {}",
                4 * width
            )));
        }
    }
    Ok(())
}

/// Whether there is a convolution in this part of the network, or one below it.
fn has(tensors: &Named, path: &str) -> bool {
    let start = format!("{path}.");
    tensors.tensors.keys().any(|name| name.starts_with(&start))
}

/// The residual network that a layout of this folder is asked about.
fn config(model: &ModelSettings) -> ResNetConfig {
    ResNetConfig::try_from(model).expect("a residual network")
}

/// Whether it is one for ImageNet by the paper's sizes, whatever its depths.
fn is_for_imagenet(config: &ResNetConfig) -> bool {
    let paper = ResNetConfig::preset(ResNetPreset::ResNet18);
    (&config.widths, config.stem_width) == (&paper.widths, paper.stem_width)
        && config.stem == paper.stem
        && config.shortcut == paper.shortcut
}
