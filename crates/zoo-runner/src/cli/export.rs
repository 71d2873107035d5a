//! `zoo export`.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use serde_json::json;
use zoo_data::shown;
use zoo_model::WeightsInfo;
use zoo_training::run_dir::find_weights;

use super::{Output, print, print_json};
use crate::{
    Error,
    backend::host,
    overwrite,
    pretrained::{Exported, export, libraries},
};

/// Export weights for another library.
#[derive(Debug, Args)]
pub struct Export {
    /// A run directory, or a model.safetensors file.
    run: PathBuf,
    /// Library whose tensor names to use.
    #[arg(long, value_name = "NAME", default_value = "zoo", value_parser = PossibleValuesParser::new(libraries()))]
    layout: String,
    /// File format.
    #[arg(long, value_name = "NAME", default_value = "safetensors", value_parser = ["safetensors"])]
    format: String,
    /// File to write; the JSON files for timm and Hugging Face are written beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Export {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let weights = find_weights(&self.run)?;
        overwrite::check_weights(&self.out, &weights)?;
        let info = WeightsInfo::read(&weights)?;
        let mut model = info.model.blank(&host());
        model.load(&weights)?;
        let Exported { files, notes } = export(&model, &info, &self.layout, &self.out)?;
        if !output.quiet {
            notes.iter().for_each(|note| eprintln!("note: {note}"));
        }
        let files: Vec<String> = files.iter().map(|path| shown(path)).collect();
        match output.json {
            true => print_json(&json!({"layout": self.layout, "files": files, "notes": notes})),
            false => print(&files.join("\n")),
        }
    }
}
