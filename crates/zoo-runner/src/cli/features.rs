//! `zoo features`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use zoo_data::{Image, shown};
use zoo_model::{disk::write_whole, is_features_file, rows, write_features};

use super::{Output, files, flags::Compute, print, print_json};
use crate::{
    Error, overwrite,
    pretrained::{ImportOptions, Pretrained, open},
    report::csv,
};

/// Number of images per batch.
const BATCH: usize = 32;
/// What the header of a table of features begins with.
const HEADER: &str = "image,feature_0";

/// Write what a network sees in images: a row of numbers for each, which its head would read.
#[derive(Debug, Args)]
pub struct Features {
    /// A run directory, a file of weights in any layout that `zoo import` reads, or the name of published
    /// weights, such as timm/vit_small_patch14_dinov2.lvd142m.
    #[arg(value_name = "RUN-OR-WEIGHTS")]
    run: PathBuf,
    /// Images, or folders of images, including subfolders.
    #[arg(required = true, value_name = "IMAGE-OR-FOLDER")]
    images: Vec<PathBuf>,
    /// File to write: .safetensors, with `features` as [images, features] and the images' names in its
    /// metadata, or .csv.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Divide each image's features by their length, so that products are cosine similarities.
    #[arg(long)]
    normalize: bool,
    /// Side of the square image that the network sees, in pixels; positions are resized to it.
    #[arg(long, value_name = "N")]
    image_size: Option<usize>,
    #[command(flatten)]
    compute: Compute,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    out: String,
    images: usize,
    features: usize,
    unreadable: usize,
}

/// The images that could be read, with their features.
#[derive(Default)]
struct Table {
    images: Vec<String>,
    features: Vec<Vec<f32>>,
    unreadable: usize,
}

impl Features {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let is_csv = self.is_csv()?;
        let is_own = if is_csv { is_table } else { is_features_file };
        overwrite::check(&self.out, is_own)?;
        let paths = files::images(&self.images, output.quiet)?;
        let (device, _scope) = self.compute.open(&self.run, output)?;
        let options = ImportOptions { image_size: self.image_size, ..ImportOptions::default() };
        let network = open(&self.run, &options, &device, output.show())?;
        if !output.quiet {
            network.report.assumed.iter().for_each(|note| eprintln!("assumed: {note}"));
        }
        let table = self.look(&network, &paths, output)?;
        if table.images.is_empty() {
            return Err(Error::Failed(format!(
                "{} of {} images cannot be read, so {} is not written",
                table.unreadable,
                paths.len(),
                shown(&self.out)
            )));
        }
        match is_csv {
            true => table.write_csv(&self.out)?,
            false => write_features(&self.out, &table.images, &table.features)?,
        }
        let written = Written {
            out: shown(&self.out),
            images: table.images.len(),
            features: table.features.first().map_or(0, Vec::len),
            unreadable: table.unreadable,
        };
        match output.json {
            true => print_json(&written)?,
            false => print(&format!(
                "{}: {} features of {} images",
                written.out, written.features, written.images
            ))?,
        }
        let is_number = |row: &&Vec<f32>| !row.iter().all(|value| value.is_finite());
        let unanswered = table.features.iter().filter(is_number).count();
        files::all_answered(paths.len(), table.unreadable, 0)?;
        match unanswered {
            0 => Ok(()),
            _ => Err(Error::Failed(format!(
                "for {unanswered} of {} images the features are not all finite numbers",
                paths.len()
            ))),
        }
    }

    /// Whether a table is asked for.
    fn is_csv(&self) -> Result<bool, Error> {
        match self.out.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(true),
            Some("safetensors") => Ok(false),
            _ => Err(Error::Usage(format!(
                "--out {}: expected a name that ends in .safetensors or .csv",
                shown(&self.out)
            ))),
        }
    }

    fn look(
        &self,
        network: &Pretrained,
        paths: &[PathBuf],
        output: Output,
    ) -> Result<Table, Error> {
        let device = network.model.device();
        let mut table = Table::default();
        let bar = output.show().bar("looking", paths.len());
        for paths in paths.chunks(BATCH) {
            let (read, images): (Vec<&Path>, Vec<Image>) =
                files::read(paths, &bar).into_iter().unzip();
            table.images.extend(read.into_iter().map(shown));
            table.unreadable += paths.len() - images.len();
            if !images.is_empty() {
                let input = network.info.preprocess.tensor(&images, &device);
                table.features.extend(rows(network.model.features(input))?);
            }
            bar.inc(paths.len() as u64);
        }
        bar.finish_and_clear();
        if self.normalize {
            table.features.iter_mut().for_each(|row| normalize(row));
        }
        Ok(table)
    }
}

impl Table {
    /// A row an image: its name, and its features.
    fn write_csv(&self, out: &Path) -> Result<(), Error> {
        let count = self.features.first().map_or(0, Vec::len);
        let names = (0..count).map(|index| format!("feature_{index}"));
        let head = std::iter::once(String::from("image")).chain(names).collect();
        let rows = self.images.iter().zip(&self.features).map(|(image, features)| {
            let numbers = features.iter().map(f32::to_string);
            std::iter::once(image.clone()).chain(numbers).collect::<Vec<String>>()
        });
        let text = csv(std::iter::once(head).chain(rows));
        write_whole(out, |file| std::io::Write::write_all(file, text.as_bytes()))
            .map_err(Error::io(out))
    }
}

/// Divides features by their length, unless they are all 0.
fn normalize(features: &mut [f32]) {
    let length = features.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        features.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}

/// Whether the file is a table that this verb has written.
fn is_table(path: &Path) -> bool {
    let start = std::fs::read(path).unwrap_or_default();
    start.starts_with(HEADER.as_bytes())
}
