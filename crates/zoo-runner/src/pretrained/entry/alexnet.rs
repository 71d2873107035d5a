//! torchvision's `alexnet`.

use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
use zoo_model::ModelSettings;

use super::super::{
    assume::Assumption,
    layout::{Assumed, Layout, Named},
    options::ImportOptions,
    sidecar::{Documents, Sidecar},
};
use crate::Error;

pub const LAYOUTS: &[&Layout] = &[&TORCHVISION];

const TORCHVISION: Layout = Layout {
    library: "torchvision",
    model: "alexnet",
    names: &[
        ("features.conv1.*", "features.0.*"),
        ("features.conv2.*", "features.3.*"),
        ("features.conv3.*", "features.6.*"),
        ("features.conv4.*", "features.8.*"),
        ("features.conv5.*", "features.10.*"),
        ("classifier.fc6.*", "classifier.1.*"),
        ("classifier.fc7.*", "classifier.4.*"),
        ("classifier.head.*", "classifier.6.*"),
    ],
    mark: "features.0.weight",
    head: "classifier.6.",
    published: &[("alexnet", "alexnet-owt-7be5be79.pth")],
    infer,
    preprocess: |_| Assumed::IMAGENET,
    lacks,
    describe: |info| Documents::by_hand("torchvision", info, []),
    ..Layout::PLAIN
};

fn infer(
    tensors: &mut Named,
    _: &Sidecar,
    _: &ImportOptions,
    _: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    let convolution = |number| tensors.dims::<4>(&format!("features.conv{number}.weight"));
    let [width1, channels, conv1_kernel, _] = convolution(1)?;
    let [width2, _, conv2_kernel, _] = convolution(2)?;
    let [[width3, ..], [width4, ..], [width5, ..]] =
        [convolution(3)?, convolution(4)?, convolution(5)?];
    let [hidden, features] = tensors.dims("classifier.fc6.weight")?;
    let config = AlexNetConfig {
        num_classes: tensors.num_classes()?,
        channels,
        widths: [width1, width2, width3, width4, width5],
        conv1_kernel,
        conv2_kernel,
        feature_size: features.checked_div(width5).unwrap_or(0).isqrt(),
        hidden,
        ..AlexNetConfig::preset(AlexNetPreset::Torchvision)
    };
    Ok(ModelSettings::AlexNet(config.into()))
}

/// torchvision's has no setting but the number of classes and the dropout.
fn lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = AlexNetConfig::try_from(model).expect("an AlexNet");
    let torchvision = AlexNetConfig {
        preset: config.preset,
        num_classes: config.num_classes,
        image_size: config.image_size,
        dropout: config.dropout,
        dropout_after_hidden: config.dropout_after_hidden,
        initialization: config.initialization,
        ..AlexNetConfig::preset(AlexNetPreset::Torchvision)
    };
    (config != torchvision).then_some("RGB images and the sizes of the preset torchvision")
}
