//! The training loop, as a strategy of Burn's Learner.
//!
//! What Burn's own loop lacks is why this one exists: a batch order and dropout masks that are a
//! pure function of (seed, step), checkpoints by step, and runs measured in steps. It also holds
//! model and optimizer itself: the Learner keeps a second handle on the weights during a step, and
//! an optimizer can work in place only on weights that are its own.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use burn::{
    data::dataloader::{DataLoader, Progress},
    module::Module,
    optim::ModuleOptimizer,
    tensor::Device,
    train::{
        EventProcessorTraining, InferenceStep, Learner, LearnerEvent, SupervisedLearningStrategy,
        SupervisedTrainingEventProcessor, TrainLoader, TrainStep, TrainingComponents, TrainingItem,
        ValidLoader,
        metric::store::{Aggregate, EventStoreClient, Split},
    },
};
use zoo_data::Loader;

use super::{
    RunLength, Stop, Trainee,
    checkpoint::{Checkpoints, RunProgress},
    metrics::accuracy_name,
    trainee::Outcome,
};
use crate::{
    Error,
    config::RunConfig,
    model::{Classifier, WeightsInfo, save_weights},
};

/// All that the loop needs besides what Burn hands it.
pub struct Fit {
    /// Training images.
    pub train: Arc<Loader>,
    /// Images that choose the best weights.
    pub valid: Arc<Loader>,
    /// Where training runs, with autodiff.
    pub device: Device,
    /// Seed, schedule and checkpoints.
    pub config: RunConfig,
    /// The optimizer at the start; the loop takes it.
    pub optimizer: Mutex<ModuleOptimizer>,
    /// How long the run is.
    pub length: RunLength,
    /// Where it goes on from.
    pub start: RunProgress,
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

impl<M: Classifier> SupervisedLearningStrategy<Trainee<M>> for Fit {
    fn fit(
        &self,
        components: TrainingComponents<Trainee<M>>,
        learner: Learner<Trainee<M>>,
        _: TrainLoader<Trainee<M>>,
        _: ValidLoader<Trainee<M>>,
        _: usize,
    ) -> (Trainee<M>, SupervisedTrainingEventProcessor<Trainee<M>>) {
        let mut trainee = learner.model().fork(&self.device);
        drop(learner);
        let optimizer = {
            let mut held = self.optimizer.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, self.config.optimizer.init())
        };
        let mut session = Session {
            fit: self,
            optimizer,
            events: components.event_processor,
            store: components.event_store,
            progress: self.start,
            saved: self.start.place(),
            started: Instant::now(),
        };
        for epoch in self.start.epochs + 1..=components.num_epochs {
            trainee = session.train(trainee, epoch);
            if !self.stop.is_requested() {
                session.validate(&trainee, epoch);
            }
            if self.stop.is_requested() {
                session.save(&trainee);
                break;
            }
            session.finish(&trainee, epoch);
        }
        (trainee, session.events)
    }
}

/// A run on its way.
struct Session<'a, M: Classifier> {
    fit: &'a Fit,
    optimizer: ModuleOptimizer,
    events: SupervisedTrainingEventProcessor<Trainee<M>>,
    store: Arc<EventStoreClient>,
    progress: RunProgress,
    /// Where the run stood at its last checkpoint.
    saved: (usize, usize),
    started: Instant,
}

impl<M: Classifier> Session<'_, M> {
    fn train(&mut self, mut trainee: Trainee<M>, epoch: usize) -> Trainee<M> {
        let fit = self.fit;
        let done = self.progress.step - (epoch - 1) * fit.length.steps_per_epoch;
        let total_items = fit.train.num_items();
        self.on_train(LearnerEvent::StartSplit { epoch_number: epoch, total_items });
        let mut batches = fit.train.epoch(epoch - 1, done);
        while self.progress.step < fit.length.steps && !fit.stop.is_requested() {
            let batch = match batches.next() {
                Some(Ok(batch)) => batch,
                Some(Err(error)) => {
                    fit.stop.fail(Error::Failed(error.to_string()));
                    break;
                }
                None => break,
            };
            fit.device.seed(step_seed(fit.config.seed, self.progress.step));
            let output = TrainStep::step(&trainee, batch);
            let rate = self.learning_rate();
            trainee = trainee.optimize(&mut self.optimizer, rate.into(), output.grads);
            self.progress.step += 1;
            let step = self.progress.step;
            let items = batch_progress(&batches);
            let item = TrainingItem::new(output.item, items, Some(step), Some(rate.into()));
            self.on_train(LearnerEvent::ProcessedItem(item));
            if self.checkpoint_is_due() {
                self.save(&trainee);
            }
        }
        self.on_train(LearnerEvent::EndSplit(epoch));
        self.flush();
        trainee
    }

    fn learning_rate(&self) -> f64 {
        let config = &self.fit.config;
        let factor = config.schedule.factor(self.progress.step, self.fit.length);
        config.optimizer.learning_rate() * factor
    }

    /// Within an epoch, after every so many steps; the epoch's own checkpoint follows its last step.
    fn checkpoint_is_due(&self) -> bool {
        let (step, length) = (self.progress.step, self.fit.length);
        let every = self.fit.config.train.checkpoint.every_steps;
        every.is_some_and(|every| step.is_multiple_of(every))
            && !step.is_multiple_of(length.steps_per_epoch)
            && step < length.steps
    }

    fn validate(&mut self, trainee: &Trainee<M>, epoch: usize) {
        let fit = self.fit;
        let total_items = fit.valid.num_items();
        self.on_valid(LearnerEvent::StartSplit { epoch_number: epoch, total_items });
        let model = trainee.valid();
        let mut batches = fit.valid.epoch(epoch - 1, 0);
        while let Some(batch) = batches.next() {
            if fit.stop.is_requested() {
                break;
            }
            match batch {
                Ok(batch) => {
                    let outcome = InferenceStep::step(&model, batch);
                    let items = batch_progress(&batches);
                    let item = TrainingItem::new(outcome, items, None, None);
                    self.on_valid(LearnerEvent::ProcessedItem(item));
                }
                Err(error) => fit.stop.fail(Error::Failed(error.to_string())),
            }
        }
        self.on_valid(LearnerEvent::EndSplit(epoch));
        self.flush();
    }

    /// Keeps the weights if they are the best so far, and writes the epoch's checkpoint.
    fn finish(&mut self, trainee: &Trainee<M>, epoch: usize) {
        self.on_train(LearnerEvent::EndEpoch(epoch));
        self.progress.epochs = epoch;
        let accuracy =
            self.store.find_metric(&accuracy_name(), epoch, Aggregate::Mean, &Split::Valid);
        let is_best = match (accuracy, self.progress.best_accuracy) {
            (Some(new), Some(best)) => new > best,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_best {
            self.progress.best_accuracy = accuracy;
            let model = trainee.valid().model;
            if let Err(error) = save_weights(&model, &self.fit.weights, &self.fit.info) {
                self.fit.stop.fail(error);
            }
        }
        self.save(trainee);
    }

    /// Writes a checkpoint, unless the run has failed or one of this very place is there.
    fn save(&mut self, trainee: &Trainee<M>) {
        self.flush();
        if self.fit.stop.has_failed() || self.saved == self.progress.place() {
            return;
        }
        self.saved = self.progress.place();
        // A record takes Burn's running statistics as they were one update ago, unless they have
        // been synced; going to validation mode does that, for all clones of the model.
        let _ = trainee.valid();
        let progress = RunProgress {
            metrics_bytes: std::fs::metadata(&self.fit.metrics).map_or(0, |file| file.len()),
            seconds: self.fit.start.seconds + self.started.elapsed().as_secs_f64(),
            ..self.progress
        };
        if let Err(error) = self.fit.checkpoints.save(progress, trainee, &self.optimizer) {
            self.fit.stop.fail(error);
        }
    }

    fn on_train(&mut self, event: LearnerEvent<Outcome>) {
        self.fit.stop.interrupter().fail_on_error(self.events.process_train(event));
    }

    fn on_valid(&mut self, event: LearnerEvent<Outcome>) {
        self.fit.stop.interrupter().fail_on_error(self.events.process_valid(event));
    }

    /// Waits until every event has reached `metrics.jsonl`: the processor hands on to the store,
    /// which answers a question only after what came before it.
    fn flush(&mut self) {
        self.fit.stop.interrupter().fail_on_error(self.events.flush());
        let _ = self.store.find_metric(&accuracy_name(), 0, Aggregate::Mean, &Split::Train);
    }
}

fn batch_progress(batches: &zoo_data::LoaderIter) -> Progress {
    burn::data::dataloader::DataLoaderIterator::progress(batches)
}

/// The device's seed for the step after `step` steps, so that dropout needs no saved state.
fn step_seed(seed: u64, step: usize) -> u64 {
    // SplitMix64's increment keeps neighbouring (seed, step) pairs apart.
    seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(step as u64)
}
