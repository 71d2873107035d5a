//! torchvision's `vit_*`.

use zoo_data::Interpolation;
use zoo_model::ModelSettings;
use zoo_vit::{Activation, VitConfig};

use super::{Told, config, epsilon_note, is_plain};
use crate::pretrained::{
    layout::{Assumed, Layout},
    positions::Bicubic,
    sidecar::Documents,
};

pub const VIT: Layout = Layout {
    library: "torchvision",
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
    mark: "conv_proj.weight",
    head: "heads.",
    headless: true,
    positions: Bicubic::Aligned,
    published: &[
        ("vit_b_16", "vit_b_16-c867db91.pth"),
        ("vit_b_32", "vit_b_32-d86f8d99.pth"),
        ("vit_l_16", "vit_l_16-852ce7e3.pth"),
        ("vit_l_32", "vit_l_32-c7638314.pth"),
    ],
    infer: |tensors, sidecar, options, assumed| {
        super::infer(tensors, &Told::exported(sidecar), 1e-6, options, assumed)
    },
    preprocess,
    lacks: |model| {
        let config = config(model);
        let is_gelu = config.activation.unwrap_or_default() == Activation::Gelu;
        (!is_plain(&config) || !is_gelu).then_some(
            "a class token, learned positions, the exact GELU and a head, and none of the switches of \
             newer networks",
        )
    },
    describe: |info| {
        let epsilon = epsilon_note("torchvision", &config(&info.model));
        Documents::by_hand("torchvision", info, epsilon)
    },
    ..Layout::PLAIN
};

/// What torchvision's weights of that size have: `Resize(242)` for `vit_l_16`, and the whole square, by
/// bicubic interpolation, for those from SWAG, which alone see more than 224 pixels or patches of 14.
fn preprocess(model: &ModelSettings) -> Assumed {
    let VitConfig { image_size, patch_size, depth, .. } = config(model);
    match (image_size, patch_size, depth) {
        (225.., ..) | (_, 14, _) => {
            let interpolation = Interpolation::Bicubic;
            Assumed { crop_ratio: 1.0, interpolation, ..Assumed::IMAGENET }
        }
        (224, 16, 24) => Assumed { crop_ratio: 224.0 / 242.0, ..Assumed::IMAGENET },
        _ => Assumed::IMAGENET,
    }
}
