//! `ViTForImageClassification` of Hugging Face's transformers.

use serde_json::{Value, json};
use zoo_data::{Interpolation, Resize};
use zoo_vit::{Activation, VitConfig};

use super::{PLAIN, QKV, STRANGERS, Told, config, is_plain, timm::ARCHITECTURE};
use crate::pretrained::{
    layout::{Assumed, Layout},
    positions::Bicubic,
    sidecar::{huggingface::documents, settings::Settings},
};

pub const VIT: Layout = Layout {
    library: "hf",
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
    strangers: STRANGERS,
    trunk: "vit.",
    head: "classifier.",
    headless: true,
    split: Some(QKV),
    positions: Bicubic::Centred,
    beside: &["config.json", "preprocessor_config.json"],
    infer: |tensors, sidecar, options, assumed| {
        super::infer(tensors, &Told::beside(sidecar, told)?, 1e-12, options, assumed)
    },
    preprocess: |_| Assumed {
        mean: [0.5; 3],
        std: [0.5; 3],
        resize: Resize::Squish,
        crop_ratio: 1.0,
        interpolation: Interpolation::Bilinear,
        image_size: None,
    },
    lacks: |model| (!is_plain(&config(model))).then_some(PLAIN),
    describe: |info| documents(document(&config(&info.model)), &ARCHITECTURE, info),
    ..Layout::PLAIN
};

/// transformers' names of activations; the first for one of ours is what an export writes.
const ACTIVATIONS: [(&str, Activation); 11] = [
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_accurate", Activation::GeluTanh),
    ("gelu_python_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];

/// What `config.json` says of the network: what is left out is as transformers has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
fn told(config: &Value) -> Result<Told, String> {
    let settings = Settings::new(config, "");
    if settings.word("model_type")? != Some("vit") {
        return Err(settings.refuse("model_type", "\"vit\""));
    }
    if settings.switch("use_mean_pooling")? == Some(true) {
        return Err(
            settings.refuse("use_mean_pooling", "false: this network's head sees the class token")
        );
    }
    let num_heads = settings.count("num_attention_heads")?.unwrap_or(12);
    let features = settings.count("hidden_size")?;
    let width = features.and_then(|features| features.checked_div(num_heads));
    if settings.count("head_dim")?.is_some_and(|said| Some(said) != width) {
        return Err(settings.refuse("head_dim", "hidden_size / num_attention_heads"));
    }
    Ok(Told {
        activation: Some(activation(settings)?),
        dropout: settings.number("hidden_dropout_prob")?,
        qkv_bias: settings.switch("qkv_bias")?,
        ..Told::of_transformers(settings, settings.count("intermediate_size")?, 1e-12)?
    })
}

pub fn activation(settings: Settings) -> Result<Activation, String> {
    Ok(settings.one_of("hidden_act", &ACTIVATIONS)?.unwrap_or_default())
}

/// transformers' name of an activation, if it has one.
pub fn name_of(activation: Activation) -> Option<&'static str> {
    ACTIVATIONS.iter().find(|(_, known)| *known == activation).map(|(name, _)| *name)
}

/// The network as transformers describes it.
fn document(config: &VitConfig) -> Value {
    json!({
        "architectures": ["ViTForImageClassification"],
        "model_type": "vit",
        "hidden_size": config.embed_dim,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.mlp_dim,
        "hidden_act": name_of(config.activation.unwrap_or_default()),
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": 0.0,
        "layer_norm_eps": config.layer_norm_epsilon,
        "image_size": config.image_size,
        "patch_size": config.patch_size,
        "num_channels": config.channels,
        "qkv_bias": true,
    })
}
