//! What a learner changes while a network trains.

use serde::{Deserialize, Serialize};
use serde_json::json;
use zoo_data::{AugmentConfig, MixConfig};
use zoo_model::ModelSettings;

use crate::{config::RunConfig, job::Parts};

/// What a learner changes while a network trains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// Epochs after which it stops.
    pub epochs: usize,
    /// Images of a batch.
    pub batch_size: usize,
    /// The optimizer's learning rate; the schedule scales it.
    pub learning_rate: f64,
    /// Probability of dropping a feature.
    pub dropout: f64,
    /// Whether training images are changed at random: as the config says, or as [`augmentation`] does.
    pub augment: bool,
}

impl Controls {
    /// Those of a config.
    pub fn of(parts: &Parts) -> Self {
        let settings = serde_json::to_value(&parts.config.model).unwrap_or_default();
        let dropout = settings[parts.config.model.name()]["dropout"].as_f64();
        Self {
            epochs: parts.config.train.epochs,
            batch_size: parts.config.loader.batch_size,
            learning_rate: parts.settings.optimizer.learning_rate(),
            dropout: dropout.unwrap_or(0.0),
            augment: has_augmentation(&parts.config),
        }
    }

    /// Refuses what cannot be trained with.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn check(&self, images: usize) -> Result<(), String> {
        let Self { epochs, batch_size, learning_rate, dropout, .. } = *self;
        if !(1..=1000).contains(&epochs) {
            return Err(format!("`epochs`: expected 1 to 1000, found {epochs}"));
        }
        if !(1..=images).contains(&batch_size) {
            return Err(format!(
                "`batch_size`: expected 1 to {images}, all images, found {batch_size}"
            ));
        }
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return Err(format!(
                "`learning_rate`: expected a finite number above 0, found {learning_rate}"
            ));
        }
        if !(0.0..1.0).contains(&dropout) {
            return Err(format!("`dropout`: expected 0 to below 1, found {dropout}"));
        }
        Ok(())
    }

    /// The settings of the same network with this dropout.
    pub fn model(&self, settings: &ModelSettings) -> ModelSettings {
        let mut value = serde_json::to_value(settings).unwrap_or_default();
        if let Some(settings) = value.get_mut(settings.name()) {
            settings["dropout"] = json!(self.dropout);
        }
        serde_json::from_value(value).unwrap_or_else(|_| settings.clone())
    }
}

/// How training images are changed where they are to be: as the config says, or mirrored and shifted where it
/// says nothing.
pub fn augmentation(config: &RunConfig) -> AugmentConfig {
    if has_augmentation(config) {
        return config.augment.clone();
    }
    let plain = json!([{"horizontal-flip": {}}, {"random-crop": {"padding": 2}}]);
    serde_json::from_value(plain).unwrap_or_default()
}

fn has_augmentation(config: &RunConfig) -> bool {
    !config.augment.is_empty() || config.mix != MixConfig::default()
}
