//! `ViTForImageClassification` of Hugging Face's transformers.

use zoo_data::{Interpolation, Resize};

use super::{Assumed, Layout};
use crate::pretrained::positions::Bicubic;

pub const VIT: Layout = Layout {
    name: "hf",
    model: "vit",
    names: &[
        ("class_token", "vit.embeddings.cls_token"),
        ("position_embedding", "vit.embeddings.position_embeddings"),
        ("patch_embedding.*", "vit.embeddings.patch_embeddings.projection.*"),
        ("blocks.#.norm1.*", "vit.encoder.layer.#.layernorm_before.*"),
        ("blocks.#.attention.query.*", "vit.encoder.layer.#.attention.attention.query.*"),
        ("blocks.#.attention.key.*", "vit.encoder.layer.#.attention.attention.key.*"),
        ("blocks.#.attention.value.*", "vit.encoder.layer.#.attention.attention.value.*"),
        ("blocks.#.attention.proj.*", "vit.encoder.layer.#.attention.output.dense.*"),
        ("blocks.#.norm2.*", "vit.encoder.layer.#.layernorm_after.*"),
        ("blocks.#.mlp.fc1.*", "vit.encoder.layer.#.intermediate.dense.*"),
        ("blocks.#.mlp.fc2.*", "vit.encoder.layer.#.output.dense.*"),
        ("norm.*", "vit.layernorm.*"),
        ("head.*", "classifier.*"),
    ],
    // In memory, transformers 5 has other names than in the files that it writes.
    aliases: &[
        ("vit.encoder.layer.#.layernorm_before.*", "vit.layers.#.layernorm_before.*"),
        ("vit.encoder.layer.#.attention.attention.query.*", "vit.layers.#.attention.q_proj.*"),
        ("vit.encoder.layer.#.attention.attention.key.*", "vit.layers.#.attention.k_proj.*"),
        ("vit.encoder.layer.#.attention.attention.value.*", "vit.layers.#.attention.v_proj.*"),
        ("vit.encoder.layer.#.attention.output.dense.*", "vit.layers.#.attention.o_proj.*"),
        ("vit.encoder.layer.#.layernorm_after.*", "vit.layers.#.layernorm_after.*"),
        ("vit.encoder.layer.#.intermediate.dense.*", "vit.layers.#.mlp.fc1.*"),
        ("vit.encoder.layer.#.output.dense.*", "vit.layers.#.mlp.fc2.*"),
    ],
    idle: &["vit.pooler.dense.*"],
    mark: "vit.embeddings.cls_token",
    trunk: "vit.",
    head: "classifier.",
    splits_attention: true,
    layer_norm_epsilon: 1e-12,
    positions: Bicubic::Centred,
    beside: &["config.json", "preprocessor_config.json"],
    preprocess: |_| Assumed {
        mean: [0.5; 3],
        std: [0.5; 3],
        resize: Resize::Squish,
        crop_ratio: 1.0,
        interpolation: Interpolation::Bilinear,
    },
};
