//! `zoo predict`.

mod layout;

use std::path::PathBuf;

use burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use zoo_data::{Image, shown};

use super::{Output, files, print, print_json, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    evaluation::{is_answer, probabilities, ranking, rows},
    model::{AnyModel, WeightsInfo},
    run_dir::find_weights,
};

/// Images that go through the network together.
const BATCH: usize = 32;

/// Tell the classes of images.
#[derive(Debug, Args)]
pub struct Predict {
    /// A run directory, or a bare model.safetensors.
    run: PathBuf,
    /// Images, or folders with images in them and below.
    #[arg(required = true, value_name = "IMAGE-OR-FOLDER")]
    images: Vec<PathBuf>,
    /// How many classes to tell of each image, the most probable first.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    top_k: u64,
    /// Mark images whose most probable class is less probable than this.
    #[arg(long, value_name = "P", value_parser = probability)]
    unsure_below: Option<f32>,
    /// Print one row of CSV an image instead of text.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Tell the network's scores before the softmax too; with --json.
    #[arg(long, requires = "json")]
    logits: bool,
    /// What computes.
    #[arg(long, value_name = "NAME[:INDEX]", default_value = "flex")]
    backend: BackendChoice,
    /// Threads of CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Serialize)]
struct Predicted {
    image: String,
    /// None where the scores are no numbers.
    predictions: Vec<Prediction>,
    /// None where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
}

/// A class that an image may show.
#[derive(Serialize)]
pub struct Prediction {
    /// The class's name.
    pub class: String,
    /// Its place among the classes.
    pub label: usize,
    /// How probable it is.
    pub probability: f32,
}

impl Predict {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let weights = find_weights(&self.run)?;
        let info = WeightsInfo::read(&weights)?;
        let paths = files::images(&self.images, output.quiet)?;
        let device = self.backend.open()?;
        let mut model = info.model.init(0, &device);
        model.load(&weights)?;
        let mut unreadable = 0;
        let mut predicted = Vec::new();
        let bar = output.show().bar("predicting", paths.len());
        for paths in paths.chunks(BATCH) {
            let read = |path: &PathBuf| match Image::open(path) {
                Ok(image) => Some((path.clone(), image)),
                Err(error) => {
                    bar.suspend(|| eprintln!("error: {error}"));
                    unreadable += 1;
                    None
                }
            };
            let images: Vec<(PathBuf, Image)> = paths.iter().filter_map(read).collect();
            predicted.extend(self.predict(&images, &model, &info, &device)?);
            bar.inc(paths.len() as u64);
        }
        bar.finish_and_clear();
        match (output.json, self.csv) {
            (true, _) => print_json(&predicted)?,
            (false, true) => {
                let most = info.classes.len().min(self.top_k as usize);
                print(layout::as_csv(&predicted, most).trim_end_matches('\n'))?;
            }
            (false, false) => print(&layout::text(&predicted, &info.classes))?,
        }
        let unanswered = predicted.iter().filter(|image| image.predictions.is_empty()).count();
        files::all_answered(paths.len(), unreadable, unanswered)
    }

    fn predict(
        &self,
        images: &[(PathBuf, Image)],
        model: &AnyModel,
        info: &WeightsInfo,
        device: &Device,
    ) -> Result<Vec<Predicted>, Error> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let pixels: Vec<Image> = images.iter().map(|(_, image)| image.clone()).collect();
        let logits = model.logits(info.preprocess.tensor(&pixels, device));
        let probabilities = probabilities(logits.clone())?;
        let all = images.iter().zip(probabilities).zip(rows(logits)?);
        let predicted = all.map(|(((path, _), probabilities), logits)| {
            let classes = if is_answer(&logits) { self.top_k as usize } else { 0 };
            let predictions = ranking(&probabilities).into_iter().map(|label| Prediction {
                class: info.classes[label].clone(),
                label,
                probability: probabilities[label],
            });
            let predictions: Vec<Prediction> = predictions.take(classes).collect();
            let is_unsure =
                |threshold| predictions.first().is_none_or(|first| first.probability < threshold);
            Predicted {
                image: shown(path),
                unsure: self.unsure_below.map(is_unsure),
                predictions,
                logits: self.logits.then_some(logits),
            }
        });
        Ok(predicted.collect())
    }
}

/// A probability as typed.
fn probability(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| String::from("expected a probability from 0 to 1"))
}
