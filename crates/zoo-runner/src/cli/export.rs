//! `zoo export`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use serde_json::{Value, json};
use zoo_data::shown;
use zoo_model::{Predictor, WeightsInfo};
use zoo_training::run_dir::find_weights;

use super::{Output, print, print_json};
use crate::{
    Error,
    backend::host,
    onnx::{self, Input, NEWEST_OPSET, OLDEST_OPSET, Options},
    overwrite,
    pretrained::{Exported, export, libraries},
};

/// Export weights for another library, or a network for another runtime.
#[derive(Debug, Args)]
pub struct Export {
    /// A run directory, or a model.safetensors file.
    run: PathBuf,
    /// File format: weights, or an ONNX graph with them, which prepares its images itself.
    #[arg(long, value_enum, value_name = "NAME", default_value_t)]
    format: Format,
    /// Library whose tensor names to use in a safetensors file; `zoo` if absent.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(libraries()))]
    layout: Option<String>,
    #[command(flatten)]
    graph: GraphFlags,
    /// File to write; the JSON files for timm and Hugging Face are written beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Weights alone.
    #[default]
    Safetensors,
    /// The network with its weights, for ONNX Runtime, OpenVINO and others.
    Onnx,
}

/// What an ONNX file can be told.
#[derive(Debug, Args)]
struct GraphFlags {
    /// With --format onnx: take normalised f32 images, and leave their preparation to the caller.
    #[arg(long, conflicts_with = "any_size")]
    raw: bool,
    /// With --format onnx: take images of any size, and resize them inside.
    #[arg(long)]
    any_size: bool,
    /// With --format onnx: store matrices and kernels in half precision.
    #[arg(long)]
    f16: bool,
    /// With --format onnx: fold batch normalisation into the convolutions.
    #[arg(long)]
    fold: bool,
    /// With --format onnx: version of the operators, 17 to 22; 17 if absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(OLDEST_OPSET..=NEWEST_OPSET))]
    opset: Option<u64>,
}

impl Export {
    pub fn run(self, output: Output) -> Result<(), Error> {
        self.check_flags()?;
        let weights = find_weights(&self.run)?;
        let (Exported { files, notes }, what) = match self.format {
            Format::Safetensors => self.safetensors(&weights)?,
            Format::Onnx => self.onnx(&weights)?,
        };
        notes.iter().for_each(|note| output.note(note));
        let files: Vec<String> = files.iter().map(|path| shown(path)).collect();
        if !output.json {
            return print(&files.join("\n"));
        }
        let mut document = what;
        document["files"] = json!(files);
        document["notes"] = json!(notes);
        print_json(&document)
    }

    /// Refuses a flag that would change nothing.
    fn check_flags(&self) -> Result<(), Error> {
        let GraphFlags { raw, any_size, f16, fold, opset } = self.graph;
        let of_onnx = [
            ("--raw", raw),
            ("--any-size", any_size),
            ("--f16", f16),
            ("--fold", fold),
            ("--opset", opset.is_some()),
        ];
        match (self.format, of_onnx.iter().find(|(_, given)| *given), &self.layout) {
            (Format::Safetensors, Some((flag, _)), _) => {
                Err(Error::Usage(format!("{flag}: only an ONNX file has this; add --format onnx")))
            }
            (Format::Onnx, _, Some(layout)) => Err(Error::Usage(format!(
                "--layout {layout}: only a safetensors file has tensor names of a library; leave out \
                 --layout or --format onnx"
            ))),
            _ => Ok(()),
        }
    }

    fn safetensors(&self, weights: &Path) -> Result<(Exported, Value), Error> {
        overwrite::check_weights(&self.out, weights)?;
        let info = WeightsInfo::read(weights)?;
        let mut model = info.model.blank(&host());
        model.load(weights)?;
        let layout = self.layout.as_deref().unwrap_or("zoo");
        Ok((export(&model, &info, layout, &self.out)?, json!({"layout": layout})))
    }

    fn onnx(&self, weights: &Path) -> Result<(Exported, Value), Error> {
        overwrite::check_output(&self.out, weights, onnx::is_written_here)?;
        overwrite::check(&onnx::tensors_of(&self.out), |_| onnx::is_written_here(&self.out))?;
        let GraphFlags { raw, any_size, f16, fold, opset } = self.graph;
        let input = match (raw, any_size) {
            (true, _) => Input::Raw,
            (_, true) => Input::AnySize,
            _ => Input::Sized,
        };
        let opset = opset.unwrap_or(OLDEST_OPSET);
        let options = Options { input, opset, half: f16, fold };
        let Predictor { model, info, .. } = Predictor::open(weights, &host())?;
        let exported = onnx::export(&model, &info, &options, weights, &self.out)?;
        Ok((exported, json!({"format": "onnx", "opset": opset})))
    }
}
