//! `open_clip_config.json`, which open_clip publishes beside its weights.

use serde_json::Value;
use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};

use super::{Sidecar, settings::Settings};

/// The file.
pub const CONFIG: &str = "open_clip_config.json";
/// What `preprocess_cfg` may say: what is read here, or changes nothing in an RGB image.
const KNOWN: [&str; 7] =
    ["size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color"];

/// Whether the document is open_clip's.
pub fn is_config(config: &Value) -> bool {
    config.get("model_cfg").is_some()
}

/// What the file says of how images are prepared: what is left out is as open_clip has it.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn read(config: &Value) -> Result<Sidecar, String> {
    let cfg = Settings::new(&config["preprocess_cfg"], "preprocess_cfg.");
    cfg.check_known(&KNOWN)?;
    if !matches!(cfg.word("mode")?, None | Some("RGB")) {
        return Err(cfg.refuse("mode", "\"RGB\""));
    }
    let vision = Settings::new(&config["model_cfg"]["vision_cfg"], "model_cfg.vision_cfg.");
    let image_size = match cfg.side("size")? {
        Some(size) => size,
        None => vision.side("image_size")?.unwrap_or(224),
    };
    let resize = match cfg.word("resize_mode")? {
        None | Some("shortest") => Resize::Crop,
        Some("squash") => Resize::Squish,
        Some(_) => return Err(cfg.refuse("resize_mode", "shortest or squash")),
    };
    let interpolation = cfg.interpolation()?.unwrap_or(Interpolation::Bicubic);
    let clip = |figures: [f32; 3]| figures.to_vec();
    let preprocess = Preprocess {
        image_size,
        resize,
        crop_ratio: 1.0,
        crop_offset: CropOffset::Even,
        interpolation,
        mean: cfg
            .figures("mean", 3)?
            .unwrap_or_else(|| clip([0.481_454_66, 0.457_827_5, 0.408_210_73])),
        std: cfg
            .figures("std", 3)?
            .unwrap_or_else(|| clip([0.268_629_54, 0.261_302_6, 0.275_777_1])),
    };
    preprocess.check().map_err(|error| format!("cannot be followed: {error}"))?;
    Ok(Sidecar { preprocess: Some(preprocess), ..Sidecar::default() })
}
