//! torchvision's `resnet18` to `resnet152`.

use zoo_resnet::Shortcut;

use super::{MARK, config, infer, is_for_imagenet, usual};
use crate::pretrained::{layout::Layout, sidecar::Documents};

/// timm calls the tensors of the same networks the same.
pub const NAMES: &[(&str, &str)] = &[
    ("stem.0.conv.*", "conv1.*"),
    ("stem.0.norm.*", "bn1.*"),
    ("stages.%.blocks.#.layers.%.conv.*", "layer%.#.conv%.*"),
    ("stages.%.blocks.#.layers.%.norm.*", "layer%.#.bn%.*"),
    ("stages.%.blocks.#.shortcut.project.conv.*", "layer%.#.downsample.0.*"),
    ("stages.%.blocks.#.shortcut.project.norm.*", "layer%.#.downsample.1.*"),
    ("head.*", "fc.*"),
];

pub const RESNET: Layout = Layout {
    library: "torchvision",
    model: "resnet",
    names: NAMES,
    mark: MARK,
    head: "fc.",
    // The first weights of each network, which are made for a cut of 224 pixels from 256. The second
    // are for one from 232, which no tensor tells.
    published: &[
        ("resnet18", "resnet18-f37072fd.pth"),
        ("resnet34", "resnet34-b627a593.pth"),
        ("resnet50", "resnet50-0676ba61.pth"),
        ("resnet101", "resnet101-63fe2227.pth"),
        ("resnet152", "resnet152-394f9c45.pth"),
    ],
    infer: |tensors, sidecar, options, assumed| {
        infer(tensors, Shortcut::Convolution, sidecar, options, assumed)
    },
    preprocess: usual,
    lacks: |model| {
        let config = config(model);
        let is_theirs = is_for_imagenet(&config) && config.channels == 3;
        (!is_theirs).then_some(
            "RGB images, and the stem, the widths and the shortcuts of the preset resnet18",
        )
    },
    describe: |info| Documents::by_hand("torchvision", info, []),
    ..Layout::PLAIN
};
