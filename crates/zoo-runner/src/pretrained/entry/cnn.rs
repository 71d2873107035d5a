//! The small convolutional network as PyTorch's `nn.Sequential`, whose tensors have numbers.

use zoo_cnn::{Activation, CnnConfig, CnnPreset, Pooling};
use zoo_data::{Interpolation, Resize};
use zoo_model::ModelSettings;

use super::super::{
    assume::Assumption,
    layout::{Assumed, Layout, Named},
    options::ImportOptions,
    sidecar::{Documents, Sidecar},
};
use crate::Error;

pub const LAYOUTS: &[&Layout] = &[&SEQUENTIAL];

/// Two convolutions at stride 2 and two linear layers, with ReLU between them: the small network of
/// <https://github.com/locuslab/convex_adversarial> for MNIST and Fashion-MNIST.
const SEQUENTIAL: Layout = Layout {
    library: "sequential",
    model: "cnn",
    names: &[
        ("stages.0.block.conv.*", "0.*"),
        ("stages.1.block.conv.*", "2.*"),
        ("fc1.*", "5.*"),
        ("head.*", "7.*"),
    ],
    mark: "7.weight",
    head: "7.",
    infer,
    // Pixels from 0 to 1 as they are.
    preprocess: |_| Assumed {
        mean: [0.0; 3],
        std: [1.0; 3],
        resize: Resize::Squish,
        crop_ratio: 1.0,
        interpolation: Interpolation::Bilinear,
        image_size: None,
    },
    lacks,
    describe: |info| Documents::by_hand("sequential", info, []),
    ..Layout::PLAIN
};

/// What no tensor shows: a half of the image's size at each convolution, and ReLU.
fn form() -> CnnConfig {
    CnnConfig {
        stem: 0,
        stride: 2,
        padding: 1,
        batch_norm: false,
        activation: Activation::Relu,
        pooling: Pooling::None,
        residual: false,
        global_pooling: Pooling::None,
        dropout: 0.0,
        logit_scale: 1.0,
        ..CnnConfig::preset(CnnPreset::Small)
    }
}

fn infer(
    tensors: &mut Named,
    _: &Sidecar,
    _: &ImportOptions,
    assumed: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    let [width1, channels, kernel_size, _] = tensors.dims("stages.0.block.conv.weight")?;
    let [width2, ..] = tensors.dims::<4>("stages.1.block.conv.weight")?;
    let [hidden, features] = tensors.dims("fc1.weight")?;
    let side = features.checked_div(width2).unwrap_or(0).isqrt();
    if side * side * width2 != features || kernel_size != 4 {
        return Err(tensors.refuse(format!(
            "is no Sequential of two convolutions of 4 x 4 at stride 2 and two linear layers: {width2} channels of \
             a {kernel_size} x {kernel_size} convolution are followed by a layer of {features} features"
        )));
    }
    assumed.push(Assumption::note(String::from(
        "convolutions at stride 2 and padding 1, and ReLU, which no tensor shows",
    )));
    let config = CnnConfig {
        num_classes: tensors.num_classes()?,
        channels,
        image_size: 4 * side,
        widths: vec![width1, width2],
        kernel_size,
        hidden,
        ..form()
    };
    Ok(ModelSettings::Cnn(config.into()))
}

fn lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = CnnConfig::try_from(model).expect("a small network");
    let sequential = CnnConfig {
        preset: config.preset,
        num_classes: config.num_classes,
        channels: config.channels,
        image_size: config.image_size,
        widths: config.widths.clone(),
        kernel_size: 4,
        pool_size: config.pool_size,
        hidden: config.hidden,
        dropout: config.dropout,
        ..form()
    };
    let is_theirs = config == sequential && config.widths.len() == 2 && config.hidden > 0;
    (!is_theirs).then_some(
        "two stages of 4 x 4 convolutions at stride 2 and padding 1 with ReLU, a hidden layer, and no \
         normalisation, pooling or logit scale",
    )
}
