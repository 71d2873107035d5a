//! The parts of a training, for whoever takes its steps one by one.

use burn::tensor::Device;
use zoo_data::Dataset;
use zoo_model::AnyModel;
use zoo_training::TrainSettings;

use super::{Job, Setup};
use crate::config::RunConfig;

/// All that a training is made of.
pub struct Parts {
    /// The config, fit to the data.
    pub config: RunConfig,
    /// Where it computes.
    pub device: Device,
    /// The images.
    pub data: Dataset,
    /// How to train.
    pub settings: TrainSettings,
    /// The network before its first step.
    pub model: AnyModel,
}

impl Job {
    /// Takes it apart.
    pub fn into_parts(self) -> Parts {
        let Self { setup: Setup { config, device, data, settings, .. }, model } = self;
        Parts { config, device, data, settings, model }
    }
}
