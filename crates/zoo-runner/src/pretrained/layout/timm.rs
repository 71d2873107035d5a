//! timm's `vit_*_patch*` with a class token, and DeiT without distillation.

use zoo_data::{Interpolation, Resize};

use super::{Assumed, Layout};
use crate::pretrained::positions::Bicubic;

pub const VIT: Layout = Layout {
    name: "timm",
    model: "vit",
    names: &[
        ("class_token", "cls_token"),
        ("position_embedding", "pos_embed"),
        ("patch_embedding.*", "patch_embed.proj.*"),
        ("blocks.#.norm1.*", "blocks.#.norm1.*"),
        ("blocks.#.attention.qkv.*", "blocks.#.attn.qkv.*"),
        ("blocks.#.attention.proj.*", "blocks.#.attn.proj.*"),
        ("blocks.#.norm2.*", "blocks.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "blocks.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "blocks.#.mlp.fc2.*"),
        ("norm.*", "norm.*"),
        ("head.*", "head.*"),
    ],
    aliases: &[],
    idle: &[],
    mark: "patch_embed.proj.weight",
    trunk: "",
    head: "head.",
    splits_attention: false,
    layer_norm_epsilon: 1e-6,
    positions: Bicubic::Antialiased,
    beside: &["config.json"],
    // Those of the augreg weights; DeiT uses ImageNet's values, which the names do not show.
    preprocess: |_| Assumed {
        mean: [0.5; 3],
        std: [0.5; 3],
        resize: Resize::Crop,
        crop_ratio: 0.9,
        interpolation: Interpolation::Bicubic,
    },
};
