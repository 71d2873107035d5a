//! torchvision's `alexnet` and `vit_*`.

use zoo_data::{Interpolation, Resize};
use zoo_vit::VitConfig;

use super::{Assumed, Layout};
use crate::{model::ModelSettings, pretrained::positions::Bicubic};

/// `Resize(256)`, `CenterCrop(224)`, and the figures of ImageNet.
const IMAGENET: Assumed = Assumed {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    resize: Resize::Crop,
    crop_ratio: 0.875,
    interpolation: Interpolation::Bilinear,
};

pub const ALEXNET: Layout = Layout {
    name: "torchvision",
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
    aliases: &[],
    idle: &[],
    mark: "features.0.weight",
    trunk: "",
    head: "classifier.6.",
    splits_attention: false,
    layer_norm_epsilon: 0.0,
    positions: Bicubic::Aligned,
    beside: &[],
    preprocess: |_| IMAGENET,
};

pub const VIT: Layout = Layout {
    name: "torchvision",
    model: "vit",
    names: &[
        ("class_token", "class_token"),
        ("position_embedding", "encoder.pos_embedding"),
        ("patch_embedding.*", "conv_proj.*"),
        ("blocks.#.norm1.*", "encoder.layers.encoder_layer_#.ln_1.*"),
        ("blocks.#.attention.qkv.*", "encoder.layers.encoder_layer_#.self_attention.in_proj_*"),
        ("blocks.#.attention.proj.*", "encoder.layers.encoder_layer_#.self_attention.out_proj.*"),
        ("blocks.#.norm2.*", "encoder.layers.encoder_layer_#.ln_2.*"),
        ("blocks.#.mlp.fc1.*", "encoder.layers.encoder_layer_#.mlp.0.*"),
        ("blocks.#.mlp.fc2.*", "encoder.layers.encoder_layer_#.mlp.3.*"),
        ("norm.*", "encoder.ln.*"),
        ("head.*", "heads.head.*"),
    ],
    aliases: &[
        ("encoder.layers.encoder_layer_#.mlp.0.*", "encoder.layers.encoder_layer_#.mlp.linear_1.*"),
        ("encoder.layers.encoder_layer_#.mlp.3.*", "encoder.layers.encoder_layer_#.mlp.linear_2.*"),
    ],
    idle: &[],
    mark: "conv_proj.weight",
    trunk: "",
    head: "heads.",
    splits_attention: false,
    layer_norm_epsilon: 1e-6,
    positions: Bicubic::Aligned,
    beside: &[],
    preprocess: vit_preprocess,
};

/// What torchvision's weights of that size have: `Resize(242)` for `vit_l_16`, and the whole square, by
/// bicubic interpolation, for those from SWAG, which alone see more than 224 pixels or patches of 14.
fn vit_preprocess(settings: &ModelSettings) -> Assumed {
    let ModelSettings::Vit(settings) = settings else {
        return IMAGENET;
    };
    let VitConfig { image_size, patch_size, depth, .. } = VitConfig::from(settings.clone());
    match (image_size, patch_size, depth) {
        (225.., ..) | (_, 14, _) => {
            Assumed { crop_ratio: 1.0, interpolation: Interpolation::Bicubic, ..IMAGENET }
        }
        (224, 16, 24) => Assumed { crop_ratio: 224.0 / 242.0, ..IMAGENET },
        _ => IMAGENET,
    }
}
