//! The ResNets for CIFAR of <https://github.com/akamaster/pytorch_resnet_cifar10>, a widely used
//! implementation of section 4.2 of the paper.

use zoo_model::ModelSettings;
use zoo_resnet::{BlockKind, ResNetConfig, ResNetPreset, Shortcut};

use super::{MARK, config, infer, usual};
use crate::pretrained::{layout::Layout, sidecar::Documents};

pub const RESNET: Layout = Layout {
    library: "akamaster",
    model: "resnet",
    names: &[
        ("stem.0.conv.*", "conv1.*"),
        ("stem.0.norm.*", "bn1.*"),
        ("stages.%.blocks.#.layers.%.conv.*", "layer%.#.conv%.*"),
        ("stages.%.blocks.#.layers.%.norm.*", "layer%.#.bn%.*"),
        ("stages.%.blocks.#.shortcut.project.conv.*", "layer%.#.shortcut.0.*"),
        ("stages.%.blocks.#.shortcut.project.norm.*", "layer%.#.shortcut.1.*"),
        ("head.*", "linear.*"),
    ],
    mark: MARK,
    head: "linear.",
    infer: |tensors, sidecar, options, assumed| {
        // Option A has no weights, option B has.
        let has_weights = tensors.tensors.keys().any(|name| name.contains(".shortcut."));
        let shortcut = if has_weights { Shortcut::Convolution } else { Shortcut::ZeroPadding };
        infer(tensors, shortcut, sidecar, options, assumed)
    },
    preprocess: usual,
    lacks,
    describe: |info| Documents::by_hand("akamaster", info, []),
    ..Layout::PLAIN
};

fn lacks(model: &ModelSettings) -> Option<&'static str> {
    let config = config(model);
    let theirs = ResNetConfig::preset(ResNetPreset::ResNet20);
    let is_theirs = config.stem == theirs.stem
        && config.stem_width == theirs.stem_width
        && config.widths == theirs.widths
        && config.block == BlockKind::Basic
        && config.shortcut != Shortcut::AveragePooling
        && config.channels == 3;
    (!is_theirs)
        .then_some("RGB images, and the stem, the widths and the blocks of the preset resnet20")
}
