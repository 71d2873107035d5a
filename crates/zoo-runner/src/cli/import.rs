//! `zoo import`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use zoo_data::{Interpolation, Resize, shown, utf8};
use zoo_model::ModelSettings;

use super::{Output, print, print_json};
use crate::{
    Error,
    backend::host,
    overwrite,
    pretrained::{ImportOptions, ImportReport, Published, import, libraries},
};

/// Import weights from torchvision, timm or Hugging Face's transformers.
#[derive(Debug, Args)]
pub struct Import {
    /// A safetensors file, a PyTorch file (.pth, .pt, .bin) with a state dict, an index of several such
    /// files, a folder with one of these, or the name of published weights: torchvision/alexnet,
    /// OWNER/MODEL[@REVISION] of the Hugging Face hub.
    file: PathBuf,
    /// File to write: weights with model, classes and preprocessing, usable with all verbs.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Model that the file must contain; by default inferred from the file.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ModelSettings::NAMES))]
    model: Option<String>,
    /// Library whose tensor names the file uses; by default inferred from the file.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(libraries()))]
    layout: Option<String>,
    /// Attention heads of a ViT, which no tensor shows; features / 64 where nothing says another number.
    #[arg(long, value_name = "N")]
    num_heads: Option<usize>,
    /// Mean per channel, of pixel values from 0 to 1.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "std")]
    mean: Option<Vec<f32>>,
    /// Standard deviation per channel.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f32>>,
    /// Image size of the network in pixels; position embeddings are resized to it.
    #[arg(long, value_name = "N")]
    image_size: Option<usize>,
    /// How images become square; none: they already have the network's size.
    #[arg(long, value_name = "MODE")]
    resize: Option<ResizeMode>,
    /// How much of the scaled image is seen, side by side: 0.875 cuts 224 pixels out of 256.
    #[arg(long, value_name = "RATIO")]
    crop_ratio: Option<f64>,
    /// How to interpolate between pixels.
    #[arg(long, value_name = "NAME")]
    interpolation: Option<InterpolationName>,
    /// Text file with one class name per line, in the order of the logits.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
}

/// How images become square.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ResizeMode {
    /// The largest square in the middle, scaled; or less of it by --crop-ratio.
    Crop,
    /// Scale the whole image and pad it with bars.
    Letterbox,
    /// Stretch the whole image.
    Squish,
    /// Use images as they are; stretch any that are not the network's size.
    None,
}

/// How to interpolate between pixels.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum InterpolationName {
    /// The nearest pixel.
    Nearest,
    /// The mean of the pixels under the new one.
    Box,
    /// Bilinear, from 2 x 2 pixels.
    Bilinear,
    /// From 2 x 2 pixels, sharper.
    Hamming,
    /// Bicubic, from 4 x 4 pixels, as most of timm's weights expect.
    Bicubic,
    /// From 6 x 6 pixels.
    Lanczos,
}

impl InterpolationName {
    fn interpolation(self) -> Interpolation {
        match self {
            Self::Nearest => Interpolation::Nearest,
            Self::Box => Interpolation::Box,
            Self::Bilinear => Interpolation::Bilinear,
            Self::Hamming => Interpolation::Hamming,
            Self::Bicubic => Interpolation::Bicubic,
            Self::Lanczos => Interpolation::Lanczos,
        }
    }
}

impl Import {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let classes = self.classes.as_deref().map(read_classes).transpose()?;
        // Images that come in the right size have nothing between their pixels.
        let untouched = matches!(self.resize, Some(ResizeMode::None)).then(Interpolation::default);
        let options = ImportOptions {
            model: self.model,
            layout: self.layout,
            num_heads: self.num_heads,
            mean: self.mean,
            std: self.std,
            image_size: self.image_size,
            resize: self.resize.map(ResizeMode::resize),
            crop_ratio: self.crop_ratio,
            interpolation: self.interpolation.map(InterpolationName::interpolation).or(untouched),
            classes,
            new_head: false,
            keep_positions: false,
        };
        let published = self.file.to_str().and_then(Published::parse);
        let file = match published {
            Some(published) => published.fetch(output.show())?.weights,
            None => self.file,
        };
        overwrite::check_weights(&self.out, &file)?;
        let imported = import(&file, &options, &host())?;
        imported.model.save(&self.out, &imported.info)?;
        let report = &imported.report;
        if !output.quiet {
            report.assumed.iter().for_each(|note| eprintln!("assumed: {note}"));
        }
        match output.json {
            true => print_json(report),
            false => print(&summary(&self.out, report)),
        }
    }
}

impl ResizeMode {
    fn resize(self) -> Resize {
        match self {
            Self::Crop => Resize::Crop,
            Self::Letterbox => Resize::Letterbox,
            Self::Squish | Self::None => Resize::Squish,
        }
    }
}

/// One name per line.
fn read_classes(path: &Path) -> Result<Vec<String>, Error> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let text =
        utf8(bytes).map_err(|error| Error::run(path, format!("line {}: {error}", error.line)))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect())
}

fn summary(out: &Path, report: &ImportReport) -> String {
    let ImportReport { layout, model, parameters, applied, .. } = report;
    let out = shown(out);
    let first = format!(
        "{out}: {model} of {parameters} parameters from {layout}'s layout, {applied} tensors"
    );
    let more = report.left_out().into_iter().chain(report.changed());
    std::iter::once(first).chain(more).collect::<Vec<_>>().join("\n")
}
