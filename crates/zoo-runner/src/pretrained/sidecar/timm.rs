//! timm's `config.json`, with `pretrained_cfg` in it or, in the old form, with what is in that.

use serde_json::{Map, Value, json};
use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};
use zoo_model::WeightsInfo;

use super::{
    CONFIG, Documents, Sidecar,
    settings::{Settings, decimal, named},
};

/// How images are prepared, wherever timm puts it.
const PREPARATION: [&str; 6] =
    ["input_size", "mean", "std", "crop_pct", "crop_mode", "interpolation"];

/// Whether `config.json` is timm's.
pub fn is_config(config: &Value) -> bool {
    ["architecture", "pretrained_cfg", "model_args"].iter().any(|key| config.get(key).is_some())
}

/// What timm's `config.json` says of a classifier, whatever its network is.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn read(config: &Value) -> Result<Sidecar, String> {
    let (top, cfg) = (Settings::new(config, ""), pretrained_cfg(config));
    if cfg.count("label_offset")?.is_some_and(|offset| offset != 0) {
        return Err(cfg.refuse("label_offset", "0: every score is a class"));
    }
    let told = |name: &&str| cfg.get(name).is_some();
    let mut sidecar = Sidecar {
        preprocess: PREPARATION.iter().any(told).then(|| preprocess(cfg)).transpose()?,
        ..Sidecar::default()
    };
    let names = [top.get("label_names"), cfg.get("label_names"), cfg.get("labels")];
    if let Some(names) = names.into_iter().flatten().next() {
        sidecar.classes = serde_json::from_value(names.clone()).ok();
        if sidecar.classes.is_none() {
            sidecar
                .notes
                .push(format!("no names from {CONFIG}, whose `label_names` is no list of texts"));
        }
    }
    Ok(sidecar)
}

/// Where `config` says how images are prepared.
pub fn pretrained_cfg(config: &Value) -> Settings<'_> {
    match config.get("pretrained_cfg") {
        Some(cfg) => Settings::new(cfg, "pretrained_cfg."),
        None => Settings::new(config, ""),
    }
}

/// How timm prepares images by a `pretrained_cfg`: what is left out is as timm's own has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn preprocess(cfg: Settings) -> Result<Preprocess, String> {
    let sizes: Vec<usize> = match cfg.get("input_size") {
        Some(sizes) => serde_json::from_value(sizes.clone()).unwrap_or_default(),
        None => vec![3, 224, 224],
    };
    let &[channels, image_size, width] = &sizes[..] else {
        return Err(cfg.refuse("input_size", "channels, height and width"));
    };
    if width != image_size {
        return Err(cfg.refuse("input_size", "a square"));
    }
    let resize = match cfg.word("crop_mode")? {
        None | Some("" | "center") => Resize::Crop,
        Some("squash") => Resize::Squish,
        Some("border") => Resize::Letterbox,
        Some(_) => return Err(cfg.refuse("crop_mode", "center, squash or border")),
    };
    let interpolation = match cfg.word("interpolation")? {
        Some("") => None,
        _ => cfg.interpolation()?,
    };
    let imagenet = |figures: [f32; 3]| figures.to_vec();
    let preprocess = Preprocess {
        image_size,
        resize,
        crop_ratio: cfg.number("crop_pct")?.filter(|ratio| *ratio != 0.0).unwrap_or(0.875),
        crop_offset: CropOffset::Even,
        interpolation: interpolation.unwrap_or(Interpolation::Bicubic),
        mean: cfg.figures("mean", channels)?.unwrap_or_else(|| imagenet([0.485, 0.456, 0.406])),
        std: cfg.figures("std", channels)?.unwrap_or_else(|| imagenet([0.229, 0.224, 0.225])),
    };
    preprocess.check().map_err(|error| format!("cannot be followed: {error}"))?;
    Ok(preprocess)
}

/// A network of timm's, which `model_args` then change.
pub struct Architecture {
    /// timm's name of it.
    pub name: &'static str,
    /// The convolution that sees the pixels.
    pub first_conv: &'static str,
    /// The layer that gives the scores.
    pub classifier: &'static str,
}

impl Architecture {
    /// How timm is told to prepare images, as far as it can.
    pub fn pretrained_cfg(&self, info: &WeightsInfo) -> Value {
        let preprocess = &info.preprocess;
        let size = preprocess.image_size;
        let crop_mode = match preprocess.resize {
            Resize::Crop => "center",
            Resize::Squish => "squash",
            Resize::Letterbox => "border",
        };
        json!({
            "input_size": [preprocess.channels(), size, size],
            "num_classes": info.classes.len(),
            "interpolation": named(preprocess.interpolation).0,
            "crop_pct": preprocess.crop_ratio,
            "crop_mode": crop_mode,
            "mean": decimal(&preprocess.mean),
            "std": decimal(&preprocess.std),
            "first_conv": self.first_conv,
            "classifier": self.classifier,
        })
    }

    /// timm's file for this network with `args`.
    pub fn documents(&self, args: Map<String, Value>, info: &WeightsInfo) -> Documents {
        let config = json!({
            "architecture": self.name,
            "num_classes": info.classes.len(),
            "model_args": args,
            "pretrained_cfg": self.pretrained_cfg(info),
            "label_names": info.classes,
        });
        let mut notes = Vec::new();
        if !info.preprocess.cuts_alike(CropOffset::Even) {
            notes.push(String::from(
                "timm starts a cut in the middle at an even pixel, this network at the one before: some \
                 photos are seen one pixel further there; --layout hf has it exactly",
            ));
        }
        if info.preprocess.channels() == 1 {
            notes.push(String::from(
                "timm converts no colours: give it images in grey, `.convert(\"L\")`",
            ));
        }
        Documents { files: vec![(CONFIG, config)], notes }
    }
}
