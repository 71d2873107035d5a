//! DINOv2, with and without registers: by the names of its own repository, which torch.hub gives, and
//! of Hugging Face's transformers. timm's are those of [`timm`](super::timm).

mod export;

use serde_json::Value;
use zoo_vit::Activation;

use super::{QKV, Told, huggingface, prepared, told::Size};
use crate::pretrained::{
    layout::Layout,
    positions::Bicubic,
    sidecar::{Documents, settings::Settings},
};

pub const HUB: Layout = Layout {
    library: "dinov2",
    model: "vit",
    names: &[
        ("class_token", "cls_token"),
        ("position_embedding", "pos_embed"),
        ("register_tokens", "register_tokens"),
        ("patch_embedding.*", "patch_embed.proj.*"),
        ("blocks.#.norm1.*", "blocks.#.norm1.*"),
        ("blocks.#.attention.qkv.*", "blocks.#.attn.qkv.*"),
        ("blocks.#.attention.proj.*", "blocks.#.attn.proj.*"),
        ("blocks.#.layer_scale1.gamma", "blocks.#.ls1.gamma"),
        ("blocks.#.norm2.*", "blocks.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "blocks.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "blocks.#.mlp.fc2.*"),
        ("blocks.#.layer_scale2.gamma", "blocks.#.ls2.gamma"),
        ("norm.*", "norm.*"),
    ],
    // The SwiGLU of g/14.
    aliases: &[
        ("blocks.#.mlp.fc1.*", "blocks.#.mlp.w12.*"),
        ("blocks.#.mlp.fc2.*", "blocks.#.mlp.w3.*"),
    ],
    idle: &["mask_token"],
    mark: "patch_embed.proj.weight",
    with: &["mask_token", "blocks.0.ls1.gamma"],
    head: "linear_head.",
    headless: true,
    positions: Bicubic::Shifted,
    interpolates: true,
    infer: |tensors, sidecar, options, assumed| {
        super::infer(tensors, &Told::exported(sidecar), 1e-6, options, assumed)
    },
    preprocess: |_| prepared::DINOV2,
    lacks: |model| export::hub_lacks(model, false),
    describe: |info| Documents::by_hand("dinov2", info, []),
    finish: Some(|model, tensors| export::finish(model, tensors, "", ["w12", "w3"])),
    ..Layout::PLAIN
};

/// The networks with registers came with a smoother way to resize positions.
pub const HUB_REGISTERS: Layout = Layout {
    with: &["mask_token", "register_tokens", "blocks.0.ls1.gamma"],
    positions: Bicubic::Antialiased,
    lacks: |model| export::hub_lacks(model, true),
    ..HUB
};

pub const HF: Layout = Layout {
    library: "hf",
    names: &[
        ("class_token", "dinov2.embeddings.cls_token"),
        ("position_embedding", "dinov2.embeddings.position_embeddings"),
        ("patch_embedding.*", "dinov2.embeddings.patch_embeddings.projection.*"),
        ("blocks.#.norm1.*", "dinov2.encoder.layer.#.norm1.*"),
        ("blocks.#.attention.query.*", "dinov2.encoder.layer.#.attention.attention.query.*"),
        ("blocks.#.attention.key.*", "dinov2.encoder.layer.#.attention.attention.key.*"),
        ("blocks.#.attention.value.*", "dinov2.encoder.layer.#.attention.attention.value.*"),
        ("blocks.#.attention.proj.*", "dinov2.encoder.layer.#.attention.output.dense.*"),
        ("blocks.#.layer_scale1.gamma", "dinov2.encoder.layer.#.layer_scale1.lambda1"),
        ("blocks.#.norm2.*", "dinov2.encoder.layer.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "dinov2.encoder.layer.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "dinov2.encoder.layer.#.mlp.fc2.*"),
        ("blocks.#.layer_scale2.gamma", "dinov2.encoder.layer.#.layer_scale2.lambda1"),
        ("norm.*", "dinov2.layernorm.*"),
        ("head.*", "classifier.*"),
    ],
    // The SwiGLU of giant, and the names that transformers 5 has in memory.
    aliases: &[
        ("dinov2.encoder.layer.#.mlp.fc1.*", "dinov2.encoder.layer.#.mlp.weights_in.*"),
        ("dinov2.encoder.layer.#.mlp.fc2.*", "dinov2.encoder.layer.#.mlp.weights_out.*"),
        (
            "dinov2.encoder.layer.#.attention.attention.query.*",
            "dinov2.encoder.layer.#.attention.q_proj.*",
        ),
        (
            "dinov2.encoder.layer.#.attention.attention.key.*",
            "dinov2.encoder.layer.#.attention.k_proj.*",
        ),
        (
            "dinov2.encoder.layer.#.attention.attention.value.*",
            "dinov2.encoder.layer.#.attention.v_proj.*",
        ),
        (
            "dinov2.encoder.layer.#.attention.output.dense.*",
            "dinov2.encoder.layer.#.attention.o_proj.*",
        ),
    ],
    idle: &["dinov2.embeddings.mask_token"],
    mark: "dinov2.embeddings.cls_token",
    with: &["dinov2.encoder.layer.0.layer_scale1.lambda1"],
    trunk: "dinov2.",
    head: "classifier.",
    split: Some(QKV),
    positions: Bicubic::Centred,
    infer: |tensors, sidecar, options, assumed| {
        let told = match &sidecar.config {
            Some(config) => told(config).map_err(|message| sidecar.refuse(message))?,
            None => Told::exported(sidecar),
        };
        super::infer(tensors, &told, 1e-6, options, assumed)
    },
    beside: &["config.json", "preprocessor_config.json"],
    lacks: |model| export::hf_lacks(model, false),
    describe: export::documents,
    finish: Some(|model, tensors| {
        export::finish(model, tensors, "dinov2.", ["weights_in", "weights_out"])
    }),
    ..HUB
};

pub const HF_REGISTERS: Layout = Layout {
    names: &[
        ("class_token", "dinov2_with_registers.embeddings.cls_token"),
        ("position_embedding", "dinov2_with_registers.embeddings.position_embeddings"),
        ("register_tokens", "dinov2_with_registers.embeddings.register_tokens"),
        ("patch_embedding.*", "dinov2_with_registers.embeddings.patch_embeddings.projection.*"),
        ("blocks.#.norm1.*", "dinov2_with_registers.encoder.layer.#.norm1.*"),
        (
            "blocks.#.attention.query.*",
            "dinov2_with_registers.encoder.layer.#.attention.attention.query.*",
        ),
        (
            "blocks.#.attention.key.*",
            "dinov2_with_registers.encoder.layer.#.attention.attention.key.*",
        ),
        (
            "blocks.#.attention.value.*",
            "dinov2_with_registers.encoder.layer.#.attention.attention.value.*",
        ),
        (
            "blocks.#.attention.proj.*",
            "dinov2_with_registers.encoder.layer.#.attention.output.dense.*",
        ),
        (
            "blocks.#.layer_scale1.gamma",
            "dinov2_with_registers.encoder.layer.#.layer_scale1.lambda1",
        ),
        ("blocks.#.norm2.*", "dinov2_with_registers.encoder.layer.#.norm2.*"),
        ("blocks.#.mlp.fc1.*", "dinov2_with_registers.encoder.layer.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "dinov2_with_registers.encoder.layer.#.mlp.fc2.*"),
        (
            "blocks.#.layer_scale2.gamma",
            "dinov2_with_registers.encoder.layer.#.layer_scale2.lambda1",
        ),
        ("norm.*", "dinov2_with_registers.layernorm.*"),
        ("head.*", "classifier.*"),
    ],
    aliases: &[
        (
            "dinov2_with_registers.encoder.layer.#.mlp.fc1.*",
            "dinov2_with_registers.encoder.layer.#.mlp.weights_in.*",
        ),
        (
            "dinov2_with_registers.encoder.layer.#.mlp.fc2.*",
            "dinov2_with_registers.encoder.layer.#.mlp.weights_out.*",
        ),
    ],
    idle: &["dinov2_with_registers.embeddings.mask_token"],
    mark: "dinov2_with_registers.embeddings.cls_token",
    with: &["dinov2_with_registers.embeddings.register_tokens"],
    trunk: "dinov2_with_registers.",
    positions: Bicubic::Antialiased,
    lacks: |model| export::hf_lacks(model, true),
    finish: Some(|model, tensors| {
        let trunk = "dinov2_with_registers.";
        export::finish(model, tensors, trunk, ["weights_in", "weights_out"])
    }),
    ..HF
};

/// What `config.json` of transformers says of the network: what is left out is as transformers has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
fn told(config: &Value) -> Result<Told, String> {
    let settings = Settings::new(config, "");
    if !matches!(settings.word("model_type")?, Some("dinov2" | "dinov2_with_registers")) {
        return Err(settings.refuse("model_type", "\"dinov2\" or \"dinov2_with_registers\""));
    }
    let gated = settings.switch("use_swiglu_ffn")? == Some(true);
    let activation = match gated {
        true => Activation::SwiGlu,
        false => huggingface::activation(settings)?,
    };
    Ok(Told {
        sizes: Told::sizes([
            (Size::Features, settings.count("hidden_size")?),
            (Size::Blocks, settings.count("num_hidden_layers")?),
            (Size::Patch, settings.side("patch_size")?),
            (Size::Image, settings.side("image_size")?),
            (Size::Channels, settings.count("num_channels")?),
        ]),
        num_heads: Some(settings.count("num_attention_heads")?.unwrap_or(12)),
        layer_norm_epsilon: Some(settings.number("layer_norm_eps")?.unwrap_or(1e-6)),
        activation: Some(activation),
        dropout: settings.number("hidden_dropout_prob")?,
        qkv_bias: settings.switch("qkv_bias")?,
        file: None,
    })
}
