//! The parts of a training, for whoever takes its steps one by one.

use burn::tensor::Device;
use zoo_data::Dataset;
use zoo_model::{AnyModel, WeightsInfo};
use zoo_training::{Ranks, TrainSettings};

use super::{Job, Setup};
use crate::config::RunConfig;

/// All that a training is made of.
#[derive(Clone)]
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

impl Parts {
    /// What travels with the weights.
    pub fn info(&self) -> WeightsInfo {
        WeightsInfo {
            model: self.config.model.clone(),
            classes: self.data.classes.clone(),
            preprocess: self.data.preprocess.clone(),
        }
    }
}

impl Job {
    /// Takes it apart.
    pub fn into_parts(self) -> Parts {
        let Self { setup: Setup { config, device, data, settings, .. }, model } = self;
        Parts { config, device, data, settings, model }
    }

    /// Puts it together again.
    pub fn of_parts(parts: Parts) -> Self {
        let Parts { config, device, data, settings, model } = parts;
        let ranks = Ranks::Alone;
        Self { setup: Setup { config, device, data, settings, live: None, ranks }, model }
    }
}
