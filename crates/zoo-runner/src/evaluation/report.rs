//! The figures of a split: what `report.json` says.

use serde::{Deserialize, Serialize};
use zoo_data::Split;
use zoo_training::{Steered, fine_tune::Glance};

use super::{
    Evaluation, Scored,
    calibration::Calibration,
    classes::{ClassReport, Confusion, MacroAverage, class_reports, macro_average, most_confused},
    confusion::ConfusionMatrix,
    interval::{Interval, wilson},
};
use crate::classes::names::all_told;

/// Largest number of listed images with the highest loss.
const HARDEST: usize = 24;

/// The figures of one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which split: `train`, `valid` or `test`; `all` for all images of `on`.
    pub split: String,
    /// The labelled images that are no split of the run's own data; absent for those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<OtherImages>,
    /// Number of images.
    pub images: usize,
    /// The fraction of images whose most probable class is theirs.
    pub accuracy: f64,
    /// Where the true accuracy may be: 95 %, after Wilson.
    pub accuracy_interval: Option<Interval>,
    /// The k of `top_k_accuracy`, at most the number of classes.
    pub top_k: usize,
    /// The fraction of images whose class is among the k most probable.
    pub top_k_accuracy: f64,
    /// Mean cross entropy in nats, without label smoothing.
    pub loss: f64,
    /// Means over classes.
    pub macro_average: MacroAverage,
    /// Whether probabilities mean what they say.
    pub calibration: Calibration,
    /// Figures of each class, in the order of labels.
    pub per_class: Vec<ClassReport>,
    /// The classes that are taken for one another, the worst first, at most 20 pairs.
    pub most_confused: Vec<Confusion>,
    /// How many images of each class were taken for which.
    pub confusion_matrix: ConfusionMatrix,
    /// The images with the highest loss, the worst first, at most 24.
    pub hardest: Vec<HardImage>,
    /// Wall-clock seconds of this evaluation.
    pub seconds: f64,
    /// Images a second of this evaluation, loading included.
    pub images_per_second: f64,
    /// How the weights came about; absent where only weights were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingReport>,
}

/// Labelled images that a network was measured on, of which its training knew nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherImages {
    /// The folder or table.
    pub path: String,
    /// Classes of the network of which there is no image.
    pub missing_classes: Vec<String>,
    /// Classes that the network does not know; their images are left out.
    pub unknown_classes: Vec<UnknownClass>,
}

/// A class that the network does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnknownClass {
    /// Its name.
    pub class: String,
    /// Number of its images.
    pub images: usize,
}

/// An image that the network finds hard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HardImage {
    /// Its file, or what else it is called.
    pub image: String,
    /// Its index in its source.
    pub index: usize,
    /// What it shows.
    pub class: String,
    /// What it was taken for.
    pub prediction: String,
    /// The probability of the prediction.
    pub probability: f64,
    /// Its cross entropy in nats.
    pub loss: f64,
}

/// What training took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// Epochs trained.
    pub epochs: usize,
    /// Optimizer steps.
    pub steps: usize,
    /// Wall-clock seconds, validation and checkpoints included.
    pub seconds: f64,
    /// Training images a second over all those seconds.
    pub images_per_second: f64,
    /// Highest accuracy on the valid split, that of the weights kept.
    pub best_valid_accuracy: Option<f64>,
    /// Peak memory of the process, if the system reports it.
    pub peak_memory_bytes: Option<u64>,
    /// How often a linear probe's features tell the class of the images of the valid split without the
    /// head that was fitted to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Glance>,
    /// What the run was told by whoever steered it; such a run does not follow from its config alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steered: Vec<Steered>,
}

impl Report {
    /// The figures of an evaluation of `split`, which is called `name`. Classes that share a name have
    /// their label behind it.
    pub fn of(
        evaluation: &Evaluation,
        name: &str,
        split: &Split,
        classes: &[String],
        top_k: usize,
    ) -> Self {
        let scored = &evaluation.scored;
        let classes = &all_told(classes);
        let images = scored.len();
        let top_k = top_k.min(classes.len());
        let right = scored.iter().filter(|image| image.is_right()).count();
        let in_top_k = scored.iter().filter(|image| image.rank <= top_k).count();
        let mut matrix = ConfusionMatrix::new(classes.len());
        scored.iter().for_each(|image| matrix.add(image.label, image.prediction, 1));
        let per_class = class_reports(&matrix, classes);
        Self {
            split: name.to_string(),
            on: None,
            images,
            accuracy: right as f64 / images as f64,
            accuracy_interval: wilson(right, images),
            top_k,
            top_k_accuracy: in_top_k as f64 / images as f64,
            loss: scored.iter().map(|image| image.loss).sum::<f64>() / images as f64,
            macro_average: macro_average(&per_class),
            calibration: Calibration::of(scored),
            per_class,
            most_confused: most_confused(&matrix, classes),
            confusion_matrix: matrix,
            hardest: hardest(scored, split, classes),
            seconds: evaluation.seconds,
            images_per_second: images as f64 / evaluation.seconds,
            training: None,
        }
    }

    /// True where top-k accuracy says something: not every class is among the k most probable.
    pub fn top_k_tells(&self) -> bool {
        self.top_k < self.per_class.len()
    }

    /// What was measured, in words: `the test split`.
    pub fn subject(&self) -> String {
        match &self.on {
            Some(other) => other.path.clone(),
            None => format!("the {} split", self.split),
        }
    }
}

fn hardest(scored: &[Scored], split: &Split, classes: &[String]) -> Vec<HardImage> {
    let mut scored: Vec<&Scored> = scored.iter().collect();
    scored.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    let hard = |image: &&Scored| HardImage {
        image: split.source().name(image.index),
        index: image.index,
        class: classes[image.label].clone(),
        prediction: classes[image.prediction].clone(),
        probability: image.probability,
        loss: image.loss,
    };
    scored.iter().take(HARDEST).map(hard).collect()
}
