//! `zoo predict`.

mod layout;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use zoo_data::{Image, shown};
use zoo_model::Predictor;
use zoo_training::run_dir::find_weights;

use super::{Output, files, flags::Compute, print, print_json};
use crate::Error;

/// Number of images per batch.
const BATCH: usize = 32;

/// Classify images.
#[derive(Debug, Args)]
pub struct Predict {
    /// A run directory, or a model.safetensors file.
    run: PathBuf,
    /// Images, or folders of images, including subfolders.
    #[arg(required = true, value_name = "IMAGE-OR-FOLDER")]
    images: Vec<PathBuf>,
    /// Number of classes to print per image, most probable first.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    top_k: u64,
    /// Mark images whose highest probability is below this.
    #[arg(long, value_name = "P", value_parser = probability)]
    unsure_below: Option<f32>,
    /// Print one CSV row per image instead of text.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// With --json: include the logits, the scores before softmax.
    #[arg(long, requires = "json")]
    logits: bool,
    #[command(flatten)]
    compute: Compute,
}

#[derive(Serialize)]
struct Predicted {
    image: String,
    /// None where the scores are no numbers.
    predictions: Vec<Prediction>,
    /// None if not requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
}

/// A class that the image may show.
#[derive(Serialize)]
pub struct Prediction {
    /// The class's name.
    pub class: String,
    /// Its index among the classes.
    pub label: usize,
    /// How probable it is.
    pub probability: f32,
}

impl Predict {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let weights = find_weights(&self.run)?;
        let paths = files::images(&self.images, output.quiet)?;
        let (device, _scope) = self.compute.open(&self.run, output)?;
        let network = Predictor::open(&weights, &device)?;
        let classes = &network.info.classes;
        let mut unreadable = 0;
        let mut predicted = Vec::new();
        let bar = output.show().bar("predicting", paths.len());
        for paths in paths.chunks(BATCH) {
            let images = files::read(paths, &bar);
            unreadable += paths.len() - images.len();
            predicted.extend(self.predict(&images, &network)?);
            bar.inc(paths.len() as u64);
        }
        bar.finish_and_clear();
        match (output.json, self.csv) {
            (true, _) => print_json(&predicted)?,
            (false, true) => {
                let most = classes.len().min(self.top_k as usize);
                print(layout::as_csv(&predicted, most).trim_end_matches('\n'))?;
            }
            (false, false) => print(&layout::text(&predicted, classes))?,
        }
        let unanswered = predicted.iter().filter(|image| image.predictions.is_empty()).count();
        files::all_answered(paths.len(), unreadable, unanswered)
    }

    fn predict(
        &self,
        images: &[(&Path, Image)],
        network: &Predictor,
    ) -> Result<Vec<Predicted>, Error> {
        let pixels: Vec<Image> = images.iter().map(|(_, image)| image.clone()).collect();
        let all = images.iter().zip(network.predict(&pixels)?);
        let predicted = all.map(|((path, _), scores)| {
            let most = if scores.is_answer() { self.top_k as usize } else { 0 };
            let predictions = scores.ranking().into_iter().map(|label| Prediction {
                class: network.info.classes[label].clone(),
                label,
                probability: scores.probabilities[label],
            });
            let predictions: Vec<Prediction> = predictions.take(most).collect();
            let is_unsure =
                |threshold| predictions.first().is_none_or(|first| first.probability < threshold);
            Predicted {
                image: shown(path),
                unsure: self.unsure_below.map(is_unsure),
                predictions,
                logits: self.logits.then_some(scores.logits),
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
