//! `zoo predict`.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use zoo_data::Image;

use super::{Output, print, print_json, table, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    evaluation::{probabilities, ranking, rows},
    model::{AnyClassifier, WeightsInfo},
    run_dir::find_weights,
};

/// Images that go through the network together.
const BATCH: usize = 32;
/// File names that are taken for images where a folder is given.
const EXTENSIONS: [&str; 3] = ["jpeg", "jpg", "png"];

/// Tell the classes of images.
#[derive(Debug, Args)]
pub struct Predict {
    /// A run directory, or a bare model.safetensors.
    run: PathBuf,
    /// Images, or folders of images.
    #[arg(required = true, value_name = "IMAGE-OR-FOLDER")]
    images: Vec<PathBuf>,
    /// How many classes to tell of each image, the most probable first.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    top_k: u64,
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
    predictions: Vec<Prediction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
}

#[derive(Serialize)]
struct Prediction {
    class: String,
    label: usize,
    probability: f32,
}

impl Predict {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let weights = find_weights(&self.run)?;
        let info = WeightsInfo::read(&weights)?;
        let paths = self.paths()?;
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
            predicted.extend(self.predict(&images, &*model, &info, &device)?);
            bar.inc(paths.len() as u64);
        }
        bar.finish_and_clear();
        match output.json {
            true => print_json(&predicted)?,
            false => print(&text(&predicted))?,
        }
        match unreadable {
            0 => Ok(()),
            _ => {
                Err(Error::Failed(format!("{unreadable} of {} images cannot be read", paths.len())))
            }
        }
    }

    fn predict(
        &self,
        images: &[(PathBuf, Image)],
        model: &dyn AnyClassifier,
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
        Ok(all
            .map(|(((path, _), probabilities), logits)| Predicted {
                image: path.display().to_string(),
                predictions: ranking(&probabilities)
                    .into_iter()
                    .take(self.top_k as usize)
                    .map(|label| Prediction {
                        class: info.classes[label].clone(),
                        label,
                        probability: probabilities[label],
                    })
                    .collect(),
                logits: self.logits.then_some(logits),
            })
            .collect())
    }

    /// The images asked for: files as given, folders with what in them is named like an image.
    fn paths(&self) -> Result<Vec<PathBuf>, Error> {
        let mut paths = Vec::new();
        for path in &self.images {
            match path.is_dir() {
                true => paths.extend(images_in(path)?),
                false => paths.push(path.clone()),
            }
        }
        Ok(paths)
    }
}

fn images_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_image = extension
            .is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()));
        if is_image && path.is_file() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        let message = format!("holds no images ({})", EXTENSIONS.join(", "));
        return Err(Error::run(folder, message));
    }
    paths.sort();
    Ok(paths)
}

fn text(predicted: &[Predicted]) -> String {
    let rows = predicted.iter().map(|image| {
        let classes = image.predictions.iter().map(|prediction| {
            format!("{} {:.1} %", prediction.class, 100.0 * prediction.probability)
        });
        std::iter::once(image.image.clone()).chain(classes).collect()
    });
    table(&rows.collect::<Vec<Vec<String>>>())
}
