//! The training loop, as a strategy of Burn's Learner.
//!
//! What Burn's own loop lacks is why this one exists: a batch order and dropout masks that are a
//! pure function of (seed, step), checkpoints by step, and runs measured in steps, images or
//! seconds. It also holds model and optimizer itself: the Learner keeps a second handle on the
//! weights during a step, and an optimizer can work in place only on weights that are its own.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use burn::{
    module::Module,
    optim::ModuleOptimizer,
    train::{
        Learner, SupervisedLearningStrategy, SupervisedTrainingEventProcessor, TrainLoader,
        TrainingComponents, ValidLoader,
    },
};
use zoo_data::Loader;

use super::{
    Course, Ema, ParameterGroups, Stop, Trainee,
    checkpoint::{Checkpoints, RunProgress},
    session::Session,
    step::Stride,
};
use crate::{
    config::RunConfig,
    model::{Classifier, WeightsInfo},
    pretrained::Freezing,
};

/// All that the loop needs besides what Burn hands it.
pub struct Fit<M> {
    /// Training images.
    pub train: Arc<Loader>,
    /// Images that choose the best weights.
    pub valid: Arc<Loader>,
    /// How steps are made.
    pub stride: Stride,
    /// Schedule, checkpoints and the like.
    pub config: RunConfig,
    /// Parameters with learning rates of their own.
    pub groups: ParameterGroups,
    /// What is not trained, and when.
    pub freezing: Freezing,
    /// What changes besides the weights, at the start; the loop takes it.
    pub memory: Mutex<Option<Memory<M>>>,
    /// How long the run is.
    pub course: Course,
    /// Where the run stands: at the start where it goes on from, at the end how far it came.
    pub progress: Mutex<RunProgress>,
    /// Where checkpoints go.
    pub checkpoints: Checkpoints,
    /// Where the best weights go.
    pub weights: PathBuf,
    /// What travels with them.
    pub info: WeightsInfo,
    /// `metrics.jsonl`, whose length travels with a checkpoint.
    pub metrics: PathBuf,
    /// Ends the run.
    pub stop: Stop,
}

/// What a training remembers besides the weights.
pub struct Memory<M> {
    /// Moments and the like.
    pub optimizer: ModuleOptimizer,
    /// The moving average of the weights, if it is on.
    pub ema: Option<Ema<M>>,
}

impl<M: Classifier> SupervisedLearningStrategy<Trainee<M>> for Fit<M> {
    fn fit(
        &self,
        components: TrainingComponents<Trainee<M>>,
        learner: Learner<Trainee<M>>,
        _: TrainLoader<Trainee<M>>,
        _: ValidLoader<Trainee<M>>,
        _: usize,
    ) -> (Trainee<M>, SupervisedTrainingEventProcessor<Trainee<M>>) {
        let mut trainee = learner.model().fork(&self.stride.device);
        drop(learner);
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
        let memory = memory.expect("a training is fitted once");
        let start = self.progress();
        let mut session =
            Session::new(self, memory, start, components.event_processor, components.event_store);
        for epoch in start.epochs + 1..=components.num_epochs {
            if session.is_finished() {
                break;
            }
            trainee = session.train(trainee, epoch);
            if !self.stop.is_requested() && session.validation_is_due(epoch) {
                session.validate(&trainee, epoch);
            }
            if self.stop.is_requested() {
                session.save(&trainee);
                break;
            }
            session.finish(&trainee, epoch);
        }
        let (progress, events) = session.end();
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
        (trainee, events)
    }
}

impl<M> Fit<M> {
    /// Where the run stands.
    pub fn progress(&self) -> RunProgress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
