//! The figures of a comparison: what its `report.json` says.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use zoo_data::Corruption;

use super::{SharedBudget, fairness::Difference, statistics::Summary, verdict::Pair};
use crate::{
    evaluation::{Calibration, ConfusionMatrix},
    manifest::{DataManifest, Manifest},
};

/// The figures of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Version of the zoo.
    pub zoo_version: &'static str,
    /// The arguments of the command, after the program's name.
    pub command: Vec<String>,
    /// When the report was written.
    pub written: Timestamp,
    /// Processor and threads.
    pub machine: String,
    /// The length of every run; none where each trained as long as its config says.
    pub budget: Option<SharedBudget>,
    /// Every entry was trained with each of these.
    pub seeds: Vec<u64>,
    /// The fractions of the train split that entries were trained on, ascending.
    pub fractions: Vec<f64>,
    /// The images of the first entry, which are those of all unless `differences` says otherwise.
    pub data: DataManifest,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Which split was measured: `test`, or `valid` if there is no other.
    pub split: String,
    /// Images of that split.
    pub images: usize,
    /// Images per kind and strength of corruption.
    #[serde(rename = "harmed_images")]
    pub corrupted_images: usize,
    /// In what the configs differ besides network, optimizer and schedule.
    pub differences: Vec<Difference>,
    /// One entry per config, on the largest fraction.
    pub entries: Vec<EntryFigures>,
    /// The accuracy of each entry on each fraction.
    pub learning_curve: Vec<LearningPoint>,
    /// Each two entries, on the largest fraction; the better one first.
    pub pairs: Vec<Pair>,
    /// What follows from all that, and what does not, in sentences.
    pub conclusions: Vec<String>,
    /// Every run.
    pub runs: Vec<RunFigures>,
}

/// The figures of a config over its seeds, on the largest fraction of the train split. None where no
/// run was finished.
#[derive(Clone, Debug, Serialize)]
pub struct EntryFigures {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// The network's name.
    pub model: &'static str,
    /// Parameters of the network.
    pub parameters: usize,
    /// Floating-point operations of a forward pass of one image: a multiply-add counts as two.
    pub flops: u64,
    /// The fraction of images whose prediction is right.
    pub accuracy: Option<Summary>,
    /// Mean cross entropy in nats.
    pub loss: Option<Summary>,
    /// Expected calibration error.
    pub calibration_error: Option<Summary>,
    /// Mean accuracy over all kinds and strengths of corruption.
    #[serde(rename = "harmed_accuracy")]
    pub corrupted_accuracy: Option<Summary>,
    /// Seconds of training, validation and checkpoints included.
    pub training_seconds: Option<Summary>,
    /// Training images a second, validation not included: the median of what was logged.
    pub training_images_per_second: Option<Summary>,
    /// Images a second of the trained network alone.
    pub inference_images_per_second: Option<Summary>,
    /// Peak memory of a training run, if the system reports it.
    pub peak_memory_bytes: Option<u64>,
    /// Seconds of training until a valid accuracy was first reached.
    pub reached: Vec<Reached>,
    /// The accuracy on corrupted images.
    #[serde(rename = "harmed")]
    pub corrupted: Vec<CorruptedFigures>,
    /// Whether the networks look at the object, per method; none if the data set does not know
    /// where it is.
    pub focus: Vec<FocusFigures>,
    /// The accuracy on each class, in the order of labels; none without images.
    pub per_class: Vec<Option<Summary>>,
    /// Probability and accuracy, the images of all seeds together.
    pub calibration: Option<Calibration>,
    /// How many images of each class were taken for which, those of all seeds together.
    pub confusion_matrix: ConfusionMatrix,
    /// How training went.
    pub curve: Vec<CurvePoint>,
    /// The config, every default filled in.
    pub config: Value,
}

/// When a valid accuracy was first reached.
#[derive(Clone, Debug, Serialize)]
pub struct Reached {
    /// The accuracy.
    pub accuracy: f64,
    /// Seconds of training, validation included, of the runs that reached it.
    pub seconds: Option<Summary>,
}

/// The accuracy on images corrupted in one way.
#[derive(Clone, Debug, Serialize)]
pub struct CorruptedFigures {
    /// What was done to them.
    pub corruption: Corruption,
    /// The strength, from 1; 0 for the same images without corruption.
    pub strength: usize,
    /// The fraction of images whose prediction is right.
    pub accuracy: Summary,
}

/// How much of a method's heat falls on the object, over test images that the network classifies
/// correctly.
#[derive(Clone, Debug, Serialize)]
pub struct FocusFigures {
    /// The method's name, as in `zoo explain`.
    pub method: String,
    /// The share of the heat that falls on the object.
    pub heat_on_thing: Option<Summary>,
    /// The share of the picture that the object fills.
    pub thing_of_picture: Option<Summary>,
    /// The former divided by the latter: 1 is no better than chance.
    pub ratio: Option<Summary>,
}

/// A place on the way of training, after an epoch.
#[derive(Clone, Debug, Serialize)]
pub struct CurvePoint {
    /// Train images seen.
    pub images: f64,
    /// Seconds of training.
    pub seconds: f64,
    /// Accuracy on the valid split.
    pub valid_accuracy: Summary,
    /// Loss on the valid split.
    pub valid_loss: Summary,
}

/// The accuracy of an entry that was trained on a part of the train split.
#[derive(Clone, Debug, Serialize)]
pub struct LearningPoint {
    /// The entry's name.
    pub entry: String,
    /// The fraction of the train split.
    pub fraction: f64,
    /// Its images.
    pub train_images: usize,
    /// The fraction of test images whose prediction is right; none where no run was finished.
    pub accuracy: Option<Summary>,
}

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct RunFigures {
    /// Its name, and that of its folder.
    pub name: String,
    /// The entry's name.
    pub entry: String,
    /// The seed.
    pub seed: u64,
    /// The fraction of the train split.
    pub fraction: f64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// The fraction of images whose prediction is right.
    pub accuracy: Option<f64>,
    /// Mean cross entropy in nats.
    pub loss: Option<f64>,
    /// Optimizer steps.
    pub steps: Option<usize>,
    /// Train images seen.
    pub images: Option<usize>,
    /// Seconds of training.
    pub seconds: Option<f64>,
    /// What it was made with.
    pub manifest: Option<Manifest>,
}
