//! The JSON config of a run: what is trained, on what, how.
//!
//! Plain serde structs with defaults, strict about unknown keys. [`RunConfig::load`] reads a file
//! and reports errors with line and column; [`RunConfig::check`] refuses settings that are
//! well-formed but cannot be run.

pub mod commented;
mod difference;
mod load;
mod settings;
pub mod shipped;
pub mod start;
mod suggest;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_data::{AugmentConfig, DataConfig, LoaderConfig, MixConfig, augment};
use zoo_model::ModelSettings;
use zoo_settings::settings;
use zoo_training::{
    FineTuneConfig, LossConfig, OptimizerConfig, ParameterGroupsConfig, ScheduleConfig, TrainConfig,
};

use crate::{Error, backend::BackendChoice};

pub use crate::error::refuse;
pub(crate) use difference::{first_difference, first_difference_on_same_data};

/// One training, from data to weights. Unknown keys are refused.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The JSON Schema with which an editor completes and checks this file.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What this recipe is, where it comes from, and what to expect from it.
    #[serde(default)]
    pub about: About,
    /// Determines the initial weights, the order of the images, augmentation and dropout.
    #[serde(default)]
    pub seed: u64,
    /// The backend: a name from `zoo backends`, with `:INDEX` to choose among several devices.
    #[serde(default)]
    pub backend: BackendChoice,
    /// The images.
    pub data: DataConfig,
    /// Random changes to the training images, in this order.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// Mixing of the images of a batch: MixUp and CutMix.
    #[serde(default)]
    pub mix: MixConfig,
    /// How images become batches.
    #[serde(default)]
    pub loader: LoaderConfig,
    /// The network.
    pub model: ModelSettings,
    /// The weights to start from: a run directory, a weights file written by the zoo, torchvision,
    /// timm or Hugging Face's transformers, or the name of published weights:
    /// `torchvision/alexnet`, `timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k`, optionally followed
    /// by `@REVISION`. Settings that `model` leaves open come from the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<String>,
    /// How the pretrained weights are fine-tuned.
    #[serde(default)]
    pub fine_tune: FineTuneConfig,
    /// The loss to minimise.
    #[serde(default)]
    pub loss: LossConfig,
    /// How gradients become steps.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// Which parameters are treated differently.
    #[serde(default)]
    pub parameter_groups: ParameterGroupsConfig,
    /// How the learning rate changes during the run.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// How long to train and what to keep.
    #[serde(default)]
    pub train: TrainConfig,
    /// What to measure besides loss and accuracy.
    #[serde(default)]
    pub metrics: MetricsConfig,
}

/// What a recipe is and what to expect from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct About {
    /// What is trained, in one sentence.
    pub what: String,
    /// Where the recipe comes from.
    pub paper: String,
    /// The accuracy it reaches, with seed and backend.
    pub result: String,
    /// The time and memory it takes, and on which machine.
    pub cost: String,
    /// The command that runs it.
    pub command: String,
}

settings! {
    /// What to measure besides loss and accuracy.
    pub struct MetricsConfig {
        /// An image counts as correct for top-k accuracy if its class is among the k most probable.
        pub top_k: usize = 5,
    }
}

impl RunConfig {
    /// Refuses configs that are well-formed but cannot be run, as far as that is known without the
    /// data.
    pub fn check(&self) -> Result<(), Error> {
        self.data.check().map_err(|error| refuse("data", error.to_string()))?;
        let preprocess =
            self.data.preprocess().map_err(|error| refuse("data", error.to_string()))?;
        augment::check(&self.augment, preprocess.image_size)
            .map_err(|error| refuse("augment", error.to_string()))?;
        self.mix.check().map_err(|error| refuse("mix", error.to_string()))?;
        self.loader.check().map_err(|error| refuse("loader", error.to_string()))?;
        // Weights that are still to be opened may be for images of another size.
        let is_known = self.pretrained.is_none() || self.data.says_image_size();
        let model = match is_known {
            true => &self.model.clone().or_image_size(preprocess.image_size),
            false => &self.model,
        };
        model.check().map_err(|message| refuse("model", message))?;
        self.fine_tune.check().map_err(|message| refuse("fine_tune", message))?;
        if self.pretrained.is_none() && self.fine_tune != FineTuneConfig::default() {
            return Err(refuse("fine_tune", "needs weights to start from: set `pretrained`"));
        }
        self.loss.check().map_err(|message| refuse("loss", message))?;
        self.optimizer.check().map_err(|message| refuse("optimizer", message))?;
        let groups = self.parameter_groups.check();
        groups.map_err(|message| refuse("parameter_groups", message))?;
        self.schedule.check().map_err(|message| refuse("schedule", message))?;
        self.train.check().map_err(|message| refuse("train", message))?;
        if self.metrics.top_k == 0 {
            return Err(refuse("metrics.top_k", "expected at least 1, found 0"));
        }
        self.backend.check()
    }
}
