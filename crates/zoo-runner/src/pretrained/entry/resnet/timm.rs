//! timm's `resnet18` to `resnet152`, and their D forms, such as `resnet50d`.

use serde_json::{Map, Value, json};
use zoo_data::Interpolation;
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_resnet::{BlockKind, ResNetConfig, Shortcut, Stem};

use super::{MARK, config, infer, torchvision::NAMES, usual};
use crate::{
    Error,
    pretrained::{
        layout::{Assumed, Layout},
        sidecar::{
            Documents, Sidecar,
            settings::Settings,
            timm::{Architecture, pretrained_cfg},
        },
    },
};

/// The paper's networks.
pub const RESNET: Layout = Layout {
    library: "timm",
    model: "resnet",
    names: NAMES,
    mark: MARK,
    head: "fc.",
    beside: &["config.json"],
    infer: |tensors, sidecar, options, assumed| {
        check_config(sidecar)?;
        infer(tensors, Shortcut::Convolution, sidecar, options, assumed)
    },
    preprocess: |model| Assumed { interpolation: Interpolation::Bicubic, ..usual(model) },
    lacks: |model| {
        let config = config(model);
        let is_theirs = config.stem == Stem::SevenBySeven
            && config.shortcut == Shortcut::Convolution
            && config.stem_width == 64
            && config.widths.len() == 4;
        (!is_theirs).then_some(WANTED)
    },
    describe,
    ..Layout::PLAIN
};

/// ResNet-D.
pub const RESNET_D: Layout = Layout {
    names: &[
        ("stem.0.conv.*", "conv1.0.*"),
        ("stem.0.norm.*", "conv1.1.*"),
        ("stem.1.conv.*", "conv1.3.*"),
        ("stem.1.norm.*", "conv1.4.*"),
        ("stem.2.conv.*", "conv1.6.*"),
        ("stem.2.norm.*", "bn1.*"),
        ("stages.%.blocks.#.layers.%.conv.*", "layer%.#.conv%.*"),
        ("stages.%.blocks.#.layers.%.norm.*", "layer%.#.bn%.*"),
        ("stages.%.blocks.#.shortcut.project.conv.*", "layer%.#.downsample.1.*"),
        ("stages.%.blocks.#.shortcut.project.norm.*", "layer%.#.downsample.2.*"),
        ("head.*", "fc.*"),
    ],
    infer: |tensors, sidecar, options, assumed| {
        check_config(sidecar)?;
        infer(tensors, Shortcut::AveragePooling, sidecar, options, assumed)
    },
    preprocess: |_| Assumed { interpolation: Interpolation::Bicubic, ..Assumed::IMAGENET },
    lacks: |model| {
        let config = config(model);
        let is_theirs = config.stem == Stem::ThreeConvolutions
            && config.shortcut == Shortcut::AveragePooling
            && config.widths.len() == 4;
        (!is_theirs).then_some(WANTED)
    },
    ..RESNET
};

/// What both have.
const WANTED: &str = "four stages, and stem and shortcuts of the preset resnet18 (stem seven-by-seven to 64 \
    channels, shortcut convolution) or of ResNet-D (stem three-convolutions, shortcut average-pooling)";
/// What changes nothing in a network that is used, or is seen from the tensors.
const HARMLESS: [&str; 12] = [
    "num_classes",
    "in_chans",
    "layers",
    "channels",
    "stem_width",
    "stem_type",
    "avg_down",
    "drop_rate",
    "drop_path_rate",
    "drop_block_rate",
    "zero_init_last",
    "pretrained_strict",
];

/// Refuses what `config.json` says of a network that is none of ours.
fn check_config(sidecar: &Sidecar) -> Result<(), Error> {
    let Some(config) = &sidecar.config else {
        return Ok(());
    };
    let check = || {
        let args = Settings::new(&config["model_args"], "model_args.");
        for place in [Settings::new(config, ""), args, pretrained_cfg(config)] {
            if !matches!(place.word("global_pool")?, None | Some("avg")) {
                return Err(place.refuse(
                    "global_pool",
                    "\"avg\": this network's head sees the mean of all pixels",
                ));
            }
        }
        let known: Vec<&str> = HARMLESS.into_iter().chain(["global_pool"]).collect();
        args.check_known(&known)
    };
    check().map_err(|message| sidecar.refuse(message))
}

/// timm's name of the network to which `model_args` then come nearest.
pub fn architecture(model: &ModelSettings) -> Architecture {
    let config = config(model);
    let is_d = config.stem == Stem::ThreeConvolutions;
    let name = match (config.block, config.depths.as_slice(), is_d) {
        (BlockKind::Basic, [3, 4, 6, 3], false) => "resnet34",
        (BlockKind::Basic, [3, 4, 6, 3], true) => "resnet34d",
        (BlockKind::Basic, _, false) => "resnet18",
        (BlockKind::Basic, _, true) => "resnet18d",
        (BlockKind::Bottleneck, [3, 4, 23, 3], false) => "resnet101",
        (BlockKind::Bottleneck, [3, 4, 23, 3], true) => "resnet101d",
        (BlockKind::Bottleneck, [3, 8, 36, 3], false) => "resnet152",
        (BlockKind::Bottleneck, [3, 8, 36, 3], true) => "resnet152d",
        (BlockKind::Bottleneck, _, false) => "resnet50",
        (BlockKind::Bottleneck, _, true) => "resnet50d",
    };
    let first_conv = if is_d { "conv1.0" } else { "conv1" };
    Architecture { name, first_conv, classifier: "fc" }
}

fn describe(info: &WeightsInfo) -> Documents {
    architecture(&info.model).documents(args(&config(&info.model)), info)
}

fn args(config: &ResNetConfig) -> Map<String, Value> {
    let mut args = Map::new();
    let mut say = |name: &str, value: Value| drop(args.insert(name.to_string(), value));
    say("layers", json!(config.depths));
    say("channels", json!(config.widths));
    say("in_chans", json!(config.channels));
    if config.stem == Stem::ThreeConvolutions {
        // timm's is that of the first two convolutions.
        say("stem_width", json!(config.stem_width / 2));
    }
    args
}
