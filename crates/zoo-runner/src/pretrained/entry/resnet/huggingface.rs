//! `ResNetForImageClassification` of Hugging Face's transformers.

use serde_json::{Value, json};
use zoo_data::Interpolation;
use zoo_resnet::{BlockKind, ResNetConfig, Shortcut, Stem};

use super::{config, infer, timm::architecture};
use crate::{
    Error,
    pretrained::{
        layout::{Assumed, Layout},
        sidecar::{Sidecar, huggingface::documents, settings::Settings},
    },
};

pub const RESNET: Layout = Layout {
    library: "hf",
    model: "resnet",
    names: &[
        ("stem.0.conv.*", "resnet.embedder.embedder.convolution.*"),
        ("stem.0.norm.*", "resnet.embedder.embedder.normalization.*"),
        (
            "stages.#.blocks.#.layers.#.conv.*",
            "resnet.encoder.stages.#.layers.#.layer.#.convolution.*",
        ),
        (
            "stages.#.blocks.#.layers.#.norm.*",
            "resnet.encoder.stages.#.layers.#.layer.#.normalization.*",
        ),
        (
            "stages.#.blocks.#.shortcut.project.conv.*",
            "resnet.encoder.stages.#.layers.#.shortcut.convolution.*",
        ),
        (
            "stages.#.blocks.#.shortcut.project.norm.*",
            "resnet.encoder.stages.#.layers.#.shortcut.normalization.*",
        ),
        ("head.*", "classifier.1.*"),
    ],
    mark: "resnet.embedder.embedder.convolution.weight",
    trunk: "resnet.",
    head: "classifier.",
    beside: &["config.json", "preprocessor_config.json"],
    infer: |tensors, sidecar, options, assumed| {
        let found = infer(tensors, Shortcut::Convolution, sidecar, options, assumed)?;
        check_config(sidecar, &config(&found))?;
        Ok(found)
    },
    preprocess: |_| Assumed { interpolation: Interpolation::Bicubic, ..Assumed::IMAGENET },
    lacks: |model| {
        let config = config(model);
        let is_theirs =
            config.stem == Stem::SevenBySeven && config.shortcut == Shortcut::Convolution;
        (!is_theirs).then_some("the stem seven-by-seven and the shortcut convolution")
    },
    describe: |info| documents(document(&config(&info.model)), &architecture(&info.model), info),
    ..Layout::PLAIN
};

/// Refuses what `config.json` says of another network than ours, or than the tensors show.
fn check_config(sidecar: &Sidecar, found: &ResNetConfig) -> Result<(), Error> {
    let Some(config) = &sidecar.config else {
        return Ok(());
    };
    check(Settings::new(config, ""), found).map_err(|message| sidecar.refuse(message))
}

fn check(settings: Settings, found: &ResNetConfig) -> Result<(), String> {
    if settings.word("model_type")? != Some("resnet") {
        return Err(settings.refuse("model_type", "\"resnet\""));
    }
    if !matches!(settings.word("hidden_act")?, None | Some("relu")) {
        return Err(settings.refuse("hidden_act", "\"relu\""));
    }
    if settings.switch("downsample_in_bottleneck")? == Some(true) {
        return Err(settings.refuse(
            "downsample_in_bottleneck",
            "false: a bottleneck here shrinks the image in its 3 x 3 convolution",
        ));
    }
    if settings.switch("downsample_in_first_stage")? == Some(true) {
        return Err(settings.refuse(
            "downsample_in_first_stage",
            "false: the first stage here keeps the image's size",
        ));
    }
    let depths = settings.get("depths").map(|depths| (depths, json!(found.depths)));
    match depths {
        Some((said, found)) if *said != found => {
            Err(settings.refuse("depths", &format!("{found}, as the tensors beside it show")))
        }
        _ => Ok(()),
    }
}

/// The network as transformers describes it.
fn document(config: &ResNetConfig) -> Value {
    let (layer_type, expansion) = match config.block {
        BlockKind::Basic => ("basic", 1),
        BlockKind::Bottleneck => ("bottleneck", 4),
    };
    let hidden_sizes: Vec<usize> = config.widths.iter().map(|width| width * expansion).collect();
    json!({
        "architectures": ["ResNetForImageClassification"],
        "model_type": "resnet",
        "embedding_size": config.stem_width,
        "hidden_sizes": hidden_sizes,
        "depths": config.depths,
        "layer_type": layer_type,
        "hidden_act": "relu",
        "downsample_in_first_stage": false,
        "downsample_in_bottleneck": false,
        "num_channels": config.channels,
    })
}
