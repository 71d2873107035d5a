//! DINOv2, with and without registers: by the names of its own repository, which torch.hub gives, and
//! of Hugging Face's transformers. timm's are those of [`timm`](super::timm).

mod export;

use serde_json::Value;
use zoo_vit::Activation;

use super::{QKV, Told, huggingface, prepared};
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

/// transformers' names below that trunk, and more.
macro_rules! names {
    ($trunk:literal $(, $more:expr)?) => {
        &[
            ("class_token", concat!($trunk, "embeddings.cls_token")),
            ("position_embedding", concat!($trunk, "embeddings.position_embeddings")),
            ("patch_embedding.*", concat!($trunk, "embeddings.patch_embeddings.projection.*")),
            ("blocks.#.norm1.*", concat!($trunk, "encoder.layer.#.norm1.*")),
            ("blocks.#.attention.query.*", concat!($trunk, "encoder.layer.#.attention.attention.query.*")),
            ("blocks.#.attention.key.*", concat!($trunk, "encoder.layer.#.attention.attention.key.*")),
            ("blocks.#.attention.value.*", concat!($trunk, "encoder.layer.#.attention.attention.value.*")),
            ("blocks.#.attention.proj.*", concat!($trunk, "encoder.layer.#.attention.output.dense.*")),
            ("blocks.#.layer_scale1.gamma", concat!($trunk, "encoder.layer.#.layer_scale1.lambda1")),
            ("blocks.#.norm2.*", concat!($trunk, "encoder.layer.#.norm2.*")),
            ("blocks.#.mlp.fc1.*", concat!($trunk, "encoder.layer.#.mlp.fc1.*")),
            ("blocks.#.mlp.fc2.*", concat!($trunk, "encoder.layer.#.mlp.fc2.*")),
            ("blocks.#.layer_scale2.gamma", concat!($trunk, "encoder.layer.#.layer_scale2.lambda1")),
            ("norm.*", concat!($trunk, "layernorm.*")),
            ("head.*", "classifier.*"),
            $($more,)?
        ]
    };
}

/// Other names below `encoder.layer.#` of a trunk, each after the usual one.
macro_rules! aliases {
    ($trunk:literal, $($known:literal = $alias:literal),*) => {
        &[$((
            concat!($trunk, "encoder.layer.#.", $known, ".*"),
            concat!($trunk, "encoder.layer.#.", $alias, ".*"),
        )),*]
    };
}

pub const HF: Layout = Layout {
    library: "hf",
    names: names!("dinov2."),
    // The SwiGLU of giant, and the names that transformers 5 has in memory.
    aliases: aliases!(
        "dinov2.",
        "mlp.fc1" = "mlp.weights_in",
        "mlp.fc2" = "mlp.weights_out",
        "attention.attention.query" = "attention.q_proj",
        "attention.attention.key" = "attention.k_proj",
        "attention.attention.value" = "attention.v_proj",
        "attention.output.dense" = "attention.o_proj"
    ),
    idle: &["dinov2.embeddings.mask_token"],
    mark: "dinov2.embeddings.cls_token",
    with: &["dinov2.encoder.layer.0.layer_scale1.lambda1"],
    trunk: "dinov2.",
    head: "classifier.",
    split: Some(QKV),
    positions: Bicubic::Centred,
    infer: |tensors, sidecar, options, assumed| {
        super::infer(tensors, &Told::beside(sidecar, told)?, 1e-6, options, assumed)
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
    names: names!(
        "dinov2_with_registers.",
        ("register_tokens", "dinov2_with_registers.embeddings.register_tokens")
    ),
    aliases: aliases!(
        "dinov2_with_registers.",
        "mlp.fc1" = "mlp.weights_in",
        "mlp.fc2" = "mlp.weights_out"
    ),
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
        activation: Some(activation),
        dropout: settings.number("hidden_dropout_prob")?,
        qkv_bias: settings.switch("qkv_bias")?,
        ..Told::of_transformers(settings, None, 1e-6)?
    })
}
