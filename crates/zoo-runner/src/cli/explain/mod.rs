//! `zoo explain`.

mod choice;
mod focus;
mod stem;

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{HumanDuration, ProgressBar};
use serde::Serialize;
use zoo_data::{Image, shown};
use zoo_model::{NO_ANSWER, Predictor};
use zoo_training::{progress::Show, run_dir::find_weights};

use self::stem::stems;
use super::{Output, files, flags::Compute, predict::Prediction, print, print_json};
use crate::{
    Error,
    explain::{Explanation, Lesson, Method, Subject},
    report::Folder,
};

/// Number of classes per image in `--json`.
const TOP_K: usize = 5;

/// Show what a network looks at and what it has learned.
#[derive(Debug, Args)]
pub struct Explain {
    /// A run directory, or a model.safetensors file.
    run: PathBuf,
    /// Images, or folders of images, including subfolders.
    #[arg(required_unless_present = "split", value_name = "IMAGE-OR-FOLDER")]
    paths: Vec<PathBuf>,
    /// Folder for the page and its pictures.
    #[arg(long, value_name = "DIR", default_value = "explained")]
    out: PathBuf,
    /// Write to the folder even if it is not empty.
    #[arg(long)]
    force: bool,
    /// Methods to use, as in grad-cam,occlusion; by default all that suit the network.
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    only: Vec<String>,
    /// Explain this class of each image, by its name, or by its label where several classes have the
    /// name; the most probable unless given.
    #[arg(long, value_name = "NAME-OR-LABEL", conflicts_with = "split")]
    class: Option<String>,
    /// Measure instead how much of the heat falls on the object, in images of this split that the
    /// network classifies correctly; the data set must know where its objects are, as sea does.
    #[arg(long, conflicts_with_all = ["paths", "out", "force"], value_parser = ["train", "valid", "test"])]
    split: Option<String>,
    /// With --split: largest number of images.
    #[arg(long, requires = "split", value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    images: u64,
    /// With --split: config that says where the images are; by default the run's own.
    #[arg(long, requires = "split", value_name = "FILE")]
    config: Option<PathBuf>,
    /// With --split: change a setting, as in data.sea.seed=1; repeatable.
    #[arg(long = "set", requires = "split", value_name = "KEY.PATH=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    compute: Compute,
}

/// The written files.
#[derive(Serialize)]
struct Written {
    page: String,
    images: Vec<Explained>,
}

/// An image that has a lesson.
#[derive(Serialize)]
struct Explained {
    image: String,
    /// The explained class.
    class: String,
    /// Its place among the classes.
    label: usize,
    /// The most probable classes.
    predictions: Vec<Prediction>,
    files: Vec<String>,
}

impl Explain {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let weights = find_weights(&self.run)?;
        let (device, _scope) = self.compute.open(&self.run, output)?;
        let network = Predictor::open(&weights, &device)?;
        let methods = choice::methods(&self.only, &network)?;
        if self.split.is_some() {
            return self.count(&weights, &network, &methods, output);
        }
        let label = self.class.as_deref().map(|name| choice::label(name, &network)).transpose()?;
        let paths = files::images(&self.paths, output.quiet)?;
        let folder = Folder::open(&self.out, self.force)?;
        let (explained, lessons, unreadable) =
            explain(&network, &paths, label, &methods, output.show())?;
        let unanswered = paths.len() - lessons.len() - unreadable;
        if !lessons.is_empty() {
            let explanation = Explanation {
                title: format!("What {} sees", shown(&self.run)),
                facts: self.facts(&network),
                lessons,
            };
            write(&explanation, explained, &folder, output)?;
        }
        files::all_answered(paths.len(), unreadable, unanswered)
    }

    fn facts(&self, network: &Predictor) -> Vec<(&'static str, String)> {
        let (info, model) = (&network.info, &network.model);
        let side = info.preprocess.image_size;
        vec![
            ("run", shown(&self.run)),
            ("model", format!("{}, {} parameters", info.model.name(), model.num_params())),
            ("classes", info.classes.len().to_string()),
            ("image size", format!("{side} × {side} pixels")),
        ]
    }
}

/// Looks at all images; those that cannot be read, or of which the network makes nothing, are named on
/// stderr and left out. What shows the network alone is in the first lesson. Gives the number of images
/// that cannot be read, too.
fn explain(
    network: &Predictor,
    paths: &[PathBuf],
    label: Option<usize>,
    methods: &[&'static Method],
    show: Show,
) -> Result<(Vec<Explained>, Vec<Lesson>, usize), Error> {
    let of_image: Vec<&'static Method> =
        methods.iter().copied().filter(|method| !method.is_of_network).collect();
    let bar = show.steps(methods.len() + (paths.len() - 1) * of_image.len());
    let (mut explained, mut lessons, mut unreadable) = (Vec::new(), Vec::new(), 0);
    let leave_out = |error: String| {
        bar.suspend(|| eprintln!("error: {error}"));
        bar.set_length(bar.length().unwrap_or(0) - of_image.len() as u64);
    };
    for (path, stem) in paths.iter().zip(stems(paths)) {
        bar.set_message(shown(path));
        let methods = if lessons.is_empty() { methods } else { &of_image };
        let image = match Image::open(path) {
            Ok(image) => image,
            Err(error) => {
                leave_out(error.to_string());
                unreadable += 1;
                continue;
            }
        };
        let name = shown(path);
        let subject = match Subject::new(network, &image, label) {
            Ok(subject) => subject,
            Err(Error::Failed(message)) if message == NO_ANSWER => {
                leave_out(format!("{name}: {message}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        lessons.push(Lesson::new(name, stem, &subject, methods, || bar.inc(1))?);
        explained.push(Explained {
            image: shown(path),
            class: network.info.classes[subject.label].clone(),
            label: subject.label,
            predictions: predictions(&subject),
            files: Vec::new(),
        });
        tell(show, &bar, path);
    }
    bar.finish_and_clear();
    Ok((explained, lessons, unreadable))
}

/// Progress, where no bar is shown.
fn tell(show: Show, bar: &ProgressBar, path: &Path) {
    if show == Show::Lines {
        let percent = 100 * bar.position() / bar.length().unwrap_or(1).max(1);
        let left = HumanDuration(bar.eta());
        eprintln!("explained {}: {percent} %, {left:#} left", shown(path));
    }
}

fn predictions(subject: &Subject) -> Vec<Prediction> {
    let prediction = |&label: &usize| Prediction {
        class: subject.network.info.classes[label].clone(),
        label,
        probability: subject.probabilities[label],
    };
    subject.ranking.iter().take(TOP_K).map(prediction).collect()
}

/// Writes the page and its pictures, and prints the paths.
fn write(
    explanation: &Explanation,
    mut explained: Vec<Explained>,
    folder: &Folder,
    output: Output,
) -> Result<(), Error> {
    let (page, files) =
        explanation.write(folder).map_err(|error| Error::Failed(error.to_string()))?;
    let page = shown(&page);
    for (image, files) in explained.iter_mut().zip(files) {
        image.files = files.iter().map(|file| shown(file)).collect();
    }
    if output.json {
        return print_json(&Written { page, images: explained });
    }
    let files = explained.iter().flat_map(|image| &image.files);
    let lines = std::iter::once(&page).chain(files).cloned();
    print(&lines.collect::<Vec<_>>().join("\n"))
}
