//! The image tower of CLIP: by the names that OpenAI and open_clip give, and of Hugging Face's
//! transformers. timm's are those of [`timm`](super::timm).

mod export;

use serde_json::Value;
use zoo_model::ModelSettings;
use zoo_vit::Activation;

use super::{
    QKV, Told, huggingface, prepared,
    rework::{raise, transpose},
    told::{BLOCKS, FEATURES, IMAGE, PATCH},
};
use crate::{
    Error,
    pretrained::{
        assume::Assumption,
        layout::{Layout, Named},
        options::ImportOptions,
        positions::Bicubic,
        sidecar::{Documents, open_clip::CONFIG, settings::Settings},
    },
};

/// What makes the features that images and texts share.
const PROJECTION: &str = "projection.weight";
/// A tensor that only OpenAI's own files have: its networks were trained with QuickGELU.
const OPENAI: &str = "input_resolution";

pub const OPEN_CLIP: Layout = Layout {
    library: "open_clip",
    model: "vit",
    names: &[
        ("class_token", "class_embedding"),
        ("position_embedding", "positional_embedding"),
        ("patch_embedding.*", "conv1.*"),
        ("pre_norm.*", "ln_pre.*"),
        ("blocks.#.norm1.*", "transformer.resblocks.#.ln_1.*"),
        ("blocks.#.attention.qkv.*", "transformer.resblocks.#.attn.in_proj_*"),
        ("blocks.#.attention.proj.*", "transformer.resblocks.#.attn.out_proj.*"),
        ("blocks.#.layer_scale1.gamma", "transformer.resblocks.#.ls_1.gamma"),
        ("blocks.#.norm2.*", "transformer.resblocks.#.ln_2.*"),
        ("blocks.#.mlp.fc1.*", "transformer.resblocks.#.mlp.c_fc.*"),
        ("blocks.#.mlp.fc2.*", "transformer.resblocks.#.mlp.c_proj.*"),
        ("blocks.#.layer_scale2.gamma", "transformer.resblocks.#.ls_2.gamma"),
        ("norm.*", "ln_post.*"),
        ("projection.weight", "proj"),
    ],
    mark: "conv1.weight",
    with: &["class_embedding"],
    head: "head.",
    headless: true,
    infer: |tensors, sidecar, options, assumed| {
        if tensors.tensors.contains_key(PROJECTION) {
            check_projection(tensors)?;
            transpose(tensors, PROJECTION)?;
        }
        let mut told = Told::beside(sidecar, open_clip)?;
        if told.activation.is_none() {
            let is_openai = tensors.unused.iter().any(|name| name.ends_with(OPENAI));
            told.activation = is_openai.then_some(Activation::QuickGelu);
        }
        if told.activation.is_none() {
            assumed.push(Assumption::activation("the exact GELU", "open_clip"));
        }
        infer(tensors, &told, options, assumed)
    },
    preprocess: |_| prepared::CLIP,
    lacks: export::open_clip_lacks,
    describe: |info| Documents::by_hand("open_clip", info, [String::from(export::TOWER)]),
    finish: Some(export::open_clip),
    ..Layout::PLAIN
};

pub const HF: Layout = Layout {
    library: "hf",
    names: &[
        ("class_token", "vision_model.embeddings.class_embedding"),
        ("position_embedding", "vision_model.embeddings.position_embedding.weight"),
        ("patch_embedding.*", "vision_model.embeddings.patch_embedding.*"),
        // As transformers spells it.
        ("pre_norm.*", "vision_model.pre_layrnorm.*"),
        ("blocks.#.norm1.*", "vision_model.encoder.layers.#.layer_norm1.*"),
        ("blocks.#.attention.query.*", "vision_model.encoder.layers.#.self_attn.q_proj.*"),
        ("blocks.#.attention.key.*", "vision_model.encoder.layers.#.self_attn.k_proj.*"),
        ("blocks.#.attention.value.*", "vision_model.encoder.layers.#.self_attn.v_proj.*"),
        ("blocks.#.attention.proj.*", "vision_model.encoder.layers.#.self_attn.out_proj.*"),
        ("blocks.#.norm2.*", "vision_model.encoder.layers.#.layer_norm2.*"),
        ("blocks.#.mlp.fc1.*", "vision_model.encoder.layers.#.mlp.fc1.*"),
        ("blocks.#.mlp.fc2.*", "vision_model.encoder.layers.#.mlp.fc2.*"),
        ("norm.*", "vision_model.post_layernorm.*"),
        ("projection.weight", "visual_projection.weight"),
    ],
    idle: &[
        "vision_model.embeddings.position_ids",
        "text_model.",
        "text_projection.weight",
        "logit_scale",
    ],
    mark: "vision_model.embeddings.class_embedding",
    with: &[],
    split: Some(QKV),
    positions: Bicubic::Centred,
    infer: |tensors, sidecar, options, assumed| {
        let mut told = Told::beside(sidecar, transformers)?;
        if sidecar.config.is_none() {
            told.activation = Some(Activation::QuickGelu);
            assumed.push(Assumption::activation("QuickGELU", "hf"));
        }
        infer(tensors, &told, options, assumed)
    },
    beside: &["config.json", "preprocessor_config.json"],
    lacks: export::hf_lacks,
    describe: export::documents,
    finish: Some(export::hf),
    ..OPEN_CLIP
};

/// Refuses a projection of other features than the tower has, before it is turned.
fn check_projection(tensors: &Named) -> Result<(), Error> {
    let [embed_dim, ..] = tensors.dims::<4>("patch_embedding.weight")?;
    match tensors.dims::<2>(PROJECTION)? {
        [rows, _] if rows == embed_dim => Ok(()),
        [rows, columns] => Err(tensors.refuse(format!(
            "has `{}` of shape [{rows}, {columns}], expected [{embed_dim}, {columns}]",
            tensors.names.theirs(PROJECTION)
        ))),
    }
}

fn infer(
    tensors: &mut Named,
    told: &Told,
    options: &ImportOptions,
    assumed: &mut Vec<Assumption>,
) -> Result<ModelSettings, Error> {
    raise::<1, 3>(tensors, "class_token")?;
    raise::<2, 3>(tensors, "position_embedding")?;
    let texts = tensors.unused.iter().filter(|name| name.contains("token_embedding")).count();
    if texts > 0 {
        let count = tensors.unused.len();
        assumed.push(Assumption::note(format!(
            "the image tower alone; the text tower is left out, {count} tensors"
        )));
    }
    super::infer(tensors, told, 1e-5, options, assumed)
}

/// What `open_clip_config.json` says of the image tower.
///
/// # Errors
///
/// What cannot be done here, by its name.
fn open_clip(config: &Value) -> Result<Told, String> {
    let all = &config["model_cfg"];
    let model = Settings::new(all, "model_cfg.");
    let vision = Settings::new(&all["vision_cfg"], "model_cfg.vision_cfg.");
    if !matches!(vision.word("pool_type")?, None | Some("tok")) {
        return Err(vision.refuse("pool_type", "\"tok\": the class token"));
    }
    vision.check_known(&[
        "image_size",
        "layers",
        "width",
        "head_width",
        "mlp_ratio",
        "patch_size",
        "ls_init_value",
        "patch_dropout",
        "pool_type",
        "n_queries",
        "attn_pooler_heads",
        "output_tokens",
    ])?;
    let width = vision.count("width")?;
    let head_width = vision.count("head_width")?.unwrap_or(64);
    let quick = model.switch("quick_gelu")? == Some(true);
    Ok(Told {
        sizes: Told::sizes([
            (FEATURES, width),
            (BLOCKS, vision.count("layers")?),
            (PATCH, vision.side("patch_size")?),
            (IMAGE, vision.side("image_size")?),
        ]),
        num_heads: width.and_then(|width| width.checked_div(head_width)),
        activation: Some(if quick { Activation::QuickGelu } else { Activation::Gelu }),
        file: Some(CONFIG),
        ..Told::default()
    })
}

/// What `config.json` of transformers says of the image tower: what is left out is as transformers has
/// it.
///
/// # Errors
///
/// What cannot be done here, by its name.
fn transformers(config: &Value) -> Result<Told, String> {
    let settings = match Settings::new(config, "").word("model_type")? {
        Some("clip") => Settings::new(&config["vision_config"], "vision_config."),
        Some("clip_vision_model") => Settings::new(config, ""),
        _ => {
            return Err(
                Settings::new(config, "").refuse("model_type", "\"clip\" or \"clip_vision_model\"")
            );
        }
    };
    let activation = match settings.word("hidden_act")? {
        None => Activation::QuickGelu,
        Some(_) => huggingface::activation(settings)?,
    };
    Ok(Told {
        activation: Some(activation),
        ..Told::of_transformers(settings, settings.count("intermediate_size")?, 1e-5)?
    })
}
