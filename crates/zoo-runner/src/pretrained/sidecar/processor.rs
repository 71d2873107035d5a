//! The processors of Hugging Face's transformers: `preprocessor_config.json`.

use serde_json::{Value, json};
use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};

use super::{
    PREPROCESSOR, convnext,
    settings::{Settings, decimal, list, named},
};
use crate::overwrite::MARK;

/// What a class of processors does where its file says nothing.
struct Class {
    name: &'static str,
    size: Size,
    crop: bool,
    interpolation: Interpolation,
    mean: [f32; 3],
    std: [f32; 3],
    /// Whether a size that is one number is both sides, or else the shorter one.
    one_number_is_a_square: bool,
}

const VIT: Class = Class {
    name: "ViTImageProcessor",
    size: Size::Square(224),
    crop: false,
    interpolation: Interpolation::Bilinear,
    mean: [0.5; 3],
    std: [0.5; 3],
    one_number_is_a_square: true,
};
const DEIT: Class = Class {
    name: "DeiTImageProcessor",
    size: Size::Square(256),
    crop: true,
    interpolation: Interpolation::Bicubic,
    ..VIT
};
const BIT: Class = Class {
    name: "BitImageProcessor",
    size: Size::Shorter(224),
    crop: true,
    interpolation: Interpolation::Bicubic,
    mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
    std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
    one_number_is_a_square: false,
};
const CLIP: Class = Class { name: "CLIPImageProcessor", ..BIT };
const SIGLIP: Class = Class {
    name: "SiglipImageProcessor",
    interpolation: Interpolation::Bicubic,
    one_number_is_a_square: false,
    ..VIT
};
const CONVNEXT: Class = Class { name: convnext::NAME, size: Size::Shorter(384), ..SIGLIP };

/// As in transformers 5, which has them from version 4.
const CLASSES: [&Class; 6] = [&VIT, &DEIT, &BIT, &CLIP, &SIGLIP, &CONVNEXT];

/// Settings that are read here, or change nothing in the pixels of an RGB image.
const KNOWN: [&str; 23] = [
    MARK,
    "image_processor_type",
    "feature_extractor_type",
    "processor_class",
    "auto_map",
    "do_resize",
    "size",
    "resample",
    "do_center_crop",
    "crop_size",
    "do_rescale",
    "rescale_factor",
    "do_normalize",
    "image_mean",
    "image_std",
    "do_convert_rgb",
    "default_to_square",
    "data_format",
    "input_data_format",
    "return_tensors",
    "device",
    "disable_grouping",
    "use_fast",
];

/// To which size an image is brought before it is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    /// Both sides.
    Square(usize),
    /// The shorter side.
    Shorter(usize),
}

/// What a processor does.
#[derive(Debug, PartialEq)]
pub struct Processor {
    /// The same as we do it.
    pub preprocess: Preprocess,
    /// What is done otherwise with images that it would refuse.
    pub note: Option<String>,
}

impl Processor {
    /// Reads a processor's file, for a network of `image_size` and `channels`.
    ///
    /// # Errors
    ///
    /// What cannot be done here, by its name.
    pub fn read(document: &Value, image_size: usize, channels: usize) -> Result<Self, String> {
        let settings = Settings::new(document, "");
        let class = Class::of(settings)?;
        let own: &[&str] = if class.name == convnext::NAME { &convnext::KNOWN } else { &[] };
        settings.check_known(&[&KNOWN, own].concat())?;
        let does = |name, otherwise| Ok::<_, String>(settings.switch(name)?.unwrap_or(otherwise));
        let (resizes, crops) = (does("do_resize", true)?, does("do_center_crop", class.crop)?);
        let geometry = match (resizes, crops) {
            (true, true) => class.cut(settings)?,
            (true, false) => match class.size(settings)? {
                Size::Square(side) => (Resize::Squish, side, 1.0),
                Size::Shorter(size) if !own.is_empty() => convnext::geometry(settings, size)?,
                Size::Shorter(_) => {
                    return Err(settings.refuse("size", "height and width, or do_center_crop too"));
                }
            },
            (false, true) => {
                return Err(settings.refuse("do_resize", "true, since do_center_crop is true"));
            }
            (false, false) => (Resize::Squish, image_size, 1.0),
        };
        let (resize, image_size, crop_ratio) = geometry;
        let (mean, std) = class.figures(settings, channels)?;
        let down = resize == Resize::Crop || crops && crop_ratio != 1.0;
        let preprocess = Preprocess {
            image_size,
            resize,
            crop_ratio,
            crop_offset: if down { CropOffset::Down } else { CropOffset::Even },
            interpolation: class.interpolation(settings)?,
            mean,
            std,
        };
        preprocess.check().map_err(|error| format!("cannot be followed: {error}"))?;
        let note = (!resizes).then(|| {
            format!("images of other than {image_size} x {image_size} pixels stretched, which {PREPROCESSOR} does not resize")
        });
        Ok(Self { preprocess, note })
    }
}

impl Class {
    /// The class that a file names; ViT's own where it names none.
    fn of(settings: Settings) -> Result<&'static Self, String> {
        let key = match settings.get("image_processor_type") {
            Some(_) => "image_processor_type",
            None => "feature_extractor_type",
        };
        let name = settings.word(key)?.unwrap_or(VIT.name);
        let name = name.replace("FeatureExtractor", "ImageProcessor");
        let plain = ["Fast", "Pil"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let expected = || list(CLASSES.iter().map(|class| class.name));
        let found = CLASSES.into_iter().find(|class| class.name == plain);
        found.ok_or_else(|| settings.refuse(key, &expected()))
    }

    fn size(&self, settings: Settings) -> Result<Size, String> {
        let Some(size) = settings.get("size") else {
            return Ok(self.size);
        };
        let side = |key: &str| size.get(key).and_then(Value::as_u64).map(|side| side as usize);
        let keys = size.as_object().map_or(0, serde_json::Map::len);
        match (size.as_u64(), keys, side("height"), side("width"), side("shortest_edge")) {
            (Some(side), ..) if self.one_number_is_a_square => Ok(Size::Square(side as usize)),
            (Some(side), ..) => Ok(Size::Shorter(side as usize)),
            (_, 2, Some(height), Some(width), _) if height == width => Ok(Size::Square(height)),
            (_, 1, _, _, Some(side)) => Ok(Size::Shorter(side)),
            _ => Err(settings.refuse("size", "equal height and width, or shortest_edge")),
        }
    }

    /// A cut in the middle of an image that was resized.
    fn cut(&self, settings: Settings) -> Result<(Resize, usize, f64), String> {
        let crop = settings.get("crop_size").map(|size| {
            let side = |key: &str| size.get(key).and_then(Value::as_u64);
            let square = side("height").filter(|height| side("width") == Some(*height));
            size.as_u64().or(square).map(|side| side as usize)
        });
        let crop = match crop {
            Some(crop) => {
                crop.ok_or_else(|| settings.refuse("crop_size", "equal height and width"))?
            }
            None => 224,
        };
        let (resize, side) = match self.size(settings)? {
            Size::Square(side) => (Resize::Squish, side),
            Size::Shorter(side) => (Resize::Crop, side),
        };
        if crop == 0 || side < crop {
            return Err(
                settings.refuse("crop_size", &format!("1 to {side}, to which images are resized"))
            );
        }
        Ok((resize, crop, crop as f64 / side as f64))
    }

    fn interpolation(&self, settings: Settings) -> Result<Interpolation, String> {
        let Some(number) = settings.get("resample") else {
            return Ok(self.interpolation);
        };
        let found = Interpolation::ALL.iter().find(|(.., known)| number == known);
        let expected = || {
            let names = Interpolation::ALL.map(|(_, name, number)| format!("{number} ({name})"));
            list(names.iter().map(String::as_str))
        };
        found.map(|(known, ..)| *known).ok_or_else(|| settings.refuse("resample", &expected()))
    }

    /// Mean and deviation of pixel values from 0 to 1 that come to the same as the processor's scaling
    /// and normalisation of values from 0 to 255.
    fn figures(&self, settings: Settings, channels: usize) -> Result<(Vec<f32>, Vec<f32>), String> {
        let does = |name| Ok::<_, String>(settings.switch(name)?.unwrap_or(true));
        let rescale_factor = settings.number("rescale_factor")?.unwrap_or(1.0 / 255.0);
        if !(rescale_factor.is_finite() && rescale_factor > 0.0) {
            return Err(settings.refuse("rescale_factor", "a number above 0"));
        }
        let factor = if does("do_rescale")? { rescale_factor } else { 1.0 };
        let (mean, std) = match does("do_normalize")? {
            true => (
                settings.figures("image_mean", channels)?.unwrap_or_else(|| self.mean.to_vec()),
                settings.figures("image_std", channels)?.unwrap_or_else(|| self.std.to_vec()),
            ),
            false => (vec![0.0; channels], vec![1.0; channels]),
        };
        // The usual factor changes nothing, bit for bit.
        let unit = factor * 255.0;
        let scaled = |figures: Vec<f32>| match (unit - 1.0).abs() < 1e-9 {
            true => figures,
            false => figures.iter().map(|figure| (f64::from(*figure) / unit) as f32).collect(),
        };
        Ok((scaled(mean), scaled(std)))
    }
}

/// The file of a processor of transformers' own that does what `preprocess` does, if one does.
pub fn write(preprocess: &Preprocess) -> Option<Value> {
    let (size, scaled) = (preprocess.image_size, preprocess.scaled_size());
    if !preprocess.cuts_alike(CropOffset::Down) {
        return None;
    }
    let mut document = json!({
        "do_resize": true,
        "resample": named(preprocess.interpolation).1,
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": true,
        "image_mean": decimal(&preprocess.mean),
        "image_std": decimal(&preprocess.std),
    });
    let square = |side: usize| json!({"height": side, "width": side});
    let (class, resized) = match preprocess.resize {
        Resize::Squish if scaled == size => (&VIT, square(size)),
        Resize::Squish => (&DEIT, square(scaled)),
        Resize::Crop => (&BIT, json!({"shortest_edge": scaled})),
        Resize::Letterbox => return None,
    };
    document["image_processor_type"] = json!(class.name);
    document["size"] = resized;
    if class.crop {
        document["do_center_crop"] = json!(true);
        document["crop_size"] = square(size);
    }
    Some(document)
}
