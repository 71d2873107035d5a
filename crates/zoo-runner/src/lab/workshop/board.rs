//! What a workshop shows of its network, for whoever looks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use zoo_data::{AugmentConfig, Image};

use super::controls::Controls;
use crate::explain::Maps;

/// How long the last look is that keeps a network in training; who looks asks more often.
const ATTENTION: Duration = Duration::from_secs(20);

/// What a network is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Its data is being opened.
    #[default]
    Opening,
    /// It waits for a step or for play.
    Paused,
    /// It takes steps.
    Training,
    /// All epochs are done.
    Finished,
    /// The loss is no number any more.
    RunAway,
    /// It cannot be trained.
    Failed,
}

/// A place of a curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    pub step: usize,
    pub loss: f64,
    pub accuracy: f64,
    /// Of train steps, the learning rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

/// What does not change while a network trains.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    pub data: String,
    pub classes: Vec<String>,
    /// Names of network and optimizer in the config.
    pub model: String,
    pub optimizer: String,
    /// Batches of a step.
    pub accumulate: usize,
    /// Images of the train and of the valid split.
    pub train_images: usize,
    pub valid_images: usize,
    /// Whether a head is fitted at once, instead of steps being taken.
    pub is_probe: bool,
    /// How training images are changed where they are to be, as in a config.
    pub augment: AugmentConfig,
    /// The controls that the config has.
    pub first: Option<Controls>,
}

/// What a workshop shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shown {
    pub doing: Doing,
    /// Why it does not go on.
    pub reason: Option<String>,
    pub facts: Facts,
    pub controls: Option<Controls>,
    pub step: usize,
    pub epochs: usize,
    pub steps_per_epoch: usize,
    /// The learning rate of the next step.
    pub rate: f64,
    /// Counts resets, so that a page knows when its curves are of before.
    pub life: usize,
    pub train: Vec<Point>,
    pub valid: Vec<Point>,
    pub confusion: Vec<Vec<usize>>,
    /// The layers that have maps.
    pub layers: Vec<String>,
    #[serde(skip)]
    pub maps: Option<Arc<LayerMaps>>,
}

/// The feature maps of a layer.
#[derive(Clone, Debug)]
pub struct LayerMaps {
    pub layer: String,
    pub maps: Maps,
    /// Counts photos, as in [`Wanted`].
    pub photo: usize,
    /// Steps done when they were made.
    pub step: usize,
}

/// What is wanted to be seen.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The layer whose maps are wanted; the first one unless given.
    pub layer: Option<String>,
    /// The photo that the network looks at.
    pub photo: Option<Arc<Image>>,
    /// Counts photos.
    pub photos: usize,
    looked: Option<Instant>,
}

/// Between a workshop's thread and whoever looks.
#[derive(Default)]
pub struct Board {
    shown: Mutex<Shown>,
    wanted: Mutex<Wanted>,
}

impl Board {
    /// What is shown, to be read or changed; held for a moment.
    pub fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock()
    }

    /// Somebody looks, and wants to see the maps of a layer.
    pub fn want(&self, layer: Option<String>) {
        let mut wanted = self.wanted.lock();
        (wanted.layer, wanted.looked) = (layer, Some(Instant::now()));
    }

    /// Has the network look at another photo.
    pub fn set_photo(&self, photo: Arc<Image>) {
        let mut wanted = self.wanted.lock();
        (wanted.photo, wanted.photos) = (Some(photo), wanted.photos + 1);
    }

    /// What is wanted.
    pub fn wanted(&self) -> Wanted {
        self.wanted.lock().clone()
    }

    /// Whether nobody has looked for a while.
    pub fn is_forgotten(&self) -> bool {
        self.wanted.lock().looked.is_none_or(|looked| looked.elapsed() > ATTENTION)
    }
}
