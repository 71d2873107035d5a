//! A run on its way: steps, validation, checkpoints.

use std::{sync::Arc, time::Instant};

use super::{
    Trainee,
    checkpoint::{RunProgress, State},
    finite::is_finite,
    fit::{Fit, Memory},
    metrics::accuracy_name,
    step::Step,
    trainee::Outcome,
};
use crate::{
    Error,
    model::{Classifier, save_weights},
};
use burn::{
    data::dataloader::{DataLoader, DataLoaderIterator},
    module::Module,
    train::{
        EventProcessorTraining, InferenceStep, LearnerEvent, SupervisedTrainingEventProcessor,
        TrainStep, TrainingItem,
        metric::store::{Aggregate, EventStoreClient, Split},
    },
};

/// What helps against a loss that runs away.
const ADVICE: &str = "lower the learning rate, lengthen the warm-up, or set train.clip_grad_norm";
/// Images of a failed step that its error names.
const NAMED_IMAGES: usize = 16;

/// A run on its way.
pub struct Session<'a, M: Classifier> {
    fit: &'a Fit<M>,
    memory: Memory<M>,
    events: SupervisedTrainingEventProcessor<Trainee<M>>,
    store: Arc<EventStoreClient>,
    progress: RunProgress,
    /// Seconds of training before this process.
    seconds_before: f64,
    started: Instant,
    /// Where the run stood at its last checkpoint, and when that was.
    saved: ((usize, usize), Instant),
}

impl<'a, M: Classifier> Session<'a, M> {
    /// A run that goes on from `progress`.
    pub fn new(
        fit: &'a Fit<M>,
        memory: Memory<M>,
        progress: RunProgress,
        events: SupervisedTrainingEventProcessor<Trainee<M>>,
        store: Arc<EventStoreClient>,
    ) -> Self {
        let now = Instant::now();
        Self {
            fit,
            memory,
            events,
            store,
            progress,
            seconds_before: progress.seconds,
            started: now,
            saved: (progress.place(), now),
        }
    }

    /// How far the run came, and Burn's side of it.
    pub fn end(mut self) -> (RunProgress, SupervisedTrainingEventProcessor<Trainee<M>>) {
        self.progress.seconds = self.seconds();
        (self.progress, self.events)
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// True where no step is left.
    fn is_over(&self) -> bool {
        self.fit.course.is_over(self.progress.step, self.seconds())
    }

    /// True where nothing is left to train or to validate.
    pub fn is_finished(&self) -> bool {
        let is_validated =
            self.progress.validated_step == self.progress.step && self.progress.step > 0;
        let early_stopping = self.fit.config.train.early_stopping.as_ref();
        let is_stopped =
            early_stopping.is_some_and(|stopping| stopping.is_exhausted(self.progress.stagnation));
        is_validated && (is_stopped || self.is_over())
    }

    /// Trains to the end of `epoch`, or of the run.
    pub fn train(&mut self, mut trainee: Trainee<M>, epoch: usize) -> Trainee<M> {
        let fit = self.fit;
        trainee = fit.freezing.apply(trainee, epoch - 1);
        let pace = fit.course.pace;
        let done = self.progress.step - (epoch - 1) * pace.steps_per_epoch();
        let total_items = fit.train.num_items();
        self.on_train(LearnerEvent::StartSplit { epoch_number: epoch, total_items });
        let mut batches = fit.train.epoch(epoch - 1, done * pace.accumulate);
        while !self.is_over() && !fit.stop.is_requested() {
            let rate = self.learning_rate();
            let made = fit.stride.gradients(&trainee, &mut batches, self.progress.step);
            let step = match made.and_then(|made| self.check_loss(made, rate)) {
                Ok(Some(step)) => step,
                Ok(None) => break,
                Err(error) => {
                    fit.stop.fail(error);
                    break;
                }
            };
            let rates = fit.groups.rates(rate);
            trainee = trainee.optimize(&mut self.memory.optimizer, rates.clone(), step.gradients);
            self.progress.step += 1;
            if let Some(ema) = &mut self.memory.ema {
                ema.update(&trainee.model, self.progress.step);
            }
            let images = DataLoaderIterator::progress(&batches);
            let done = Some(self.progress.step);
            let item = TrainingItem::new(step.outcome, images, done, Some(rates));
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
        let length = self.fit.course.length(self.progress.step, self.seconds());
        config.optimizer.learning_rate() * config.schedule.factor(self.progress.step, length)
    }

    /// Refuses a loss that is not a number, before it reaches the weights.
    fn check_loss(&self, made: Option<Step>, rate: f64) -> Result<Option<Step>, Error> {
        let Some(Step { loss, images, .. }) = made.as_ref().filter(|made| !made.loss.is_finite())
        else {
            return Ok(made);
        };
        let named = images.iter().take(NAMED_IMAGES).map(usize::to_string);
        let named = named.collect::<Vec<_>>().join(", ");
        let rest = match images.len().saturating_sub(NAMED_IMAGES) {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        Err(Error::Failed(format!(
            "the train loss is {loss} at step {}, with learning rate {rate:.3e}, on the images of \
             index {named}{rest}: {ADVICE}",
            self.progress.step + 1,
        )))
    }

    /// Within an epoch, as the config says; the epoch's own checkpoint follows its last step.
    fn checkpoint_is_due(&self) -> bool {
        let (step, age) = (self.progress.step, self.saved.1.elapsed().as_secs_f64());
        self.fit.config.train.checkpoint.is_due(step, age)
            && !step.is_multiple_of(self.fit.course.pace.steps_per_epoch())
            && !self.is_over()
    }

    /// True where the epoch that was trained is one after which to validate, or the last one.
    pub fn validation_is_due(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.fit.config.train.validate_every) || self.is_over()
    }

    /// Measures the weights that would be kept on the valid split.
    pub fn validate(&mut self, trainee: &Trainee<M>, epoch: usize) {
        let fit = self.fit;
        let total_items = fit.valid.num_items();
        self.on_valid(LearnerEvent::StartSplit { epoch_number: epoch, total_items });
        let model = self.kept(trainee);
        let mut batches = fit.valid.epoch(epoch - 1, 0);
        while let Some(batch) = batches.next() {
            if fit.stop.is_requested() {
                break;
            }
            match batch {
                Ok(batch) => {
                    let outcome = InferenceStep::step(&model, batch);
                    let items = DataLoaderIterator::progress(&batches);
                    let item = TrainingItem::new(outcome, items, None, None);
                    self.on_valid(LearnerEvent::ProcessedItem(item));
                }
                Err(error) => fit.stop.fail(Error::Failed(error.to_string())),
            }
        }
        self.on_valid(LearnerEvent::EndSplit(epoch));
        self.flush();
    }

    /// What is evaluated and kept: the moving average if it is on, else the weights themselves, with
    /// what adapters have added.
    fn kept(&self, trainee: &Trainee<M>) -> Trainee<M> {
        match &self.memory.ema {
            Some(ema) => trainee.with_model(ema.model().clone()),
            None => trainee.valid().materialize(),
        }
    }

    /// Keeps the weights if they are the best so far, and writes the epoch's checkpoint.
    pub fn finish(&mut self, trainee: &Trainee<M>, epoch: usize) {
        self.on_train(LearnerEvent::EndEpoch(epoch));
        self.progress.epochs = epoch;
        if self.validation_is_due(epoch) {
            self.progress.validated_step = self.progress.step;
        }
        let name = accuracy_name();
        let accuracy = self.store.find_metric(&name, epoch, Aggregate::Mean, &Split::Valid);
        if let Some(accuracy) = accuracy {
            if let Some(stopping) = &self.fit.config.train.early_stopping {
                self.progress.stagnation = stopping.update(self.progress.stagnation, accuracy);
            }
            if self.progress.note_accuracy(accuracy) {
                let model = self.kept(trainee).model;
                if let Err(error) = save_weights(&model, &self.fit.weights, &self.fit.info) {
                    self.fit.stop.fail(error);
                }
            }
        }
        self.save(trainee);
    }

    /// Writes a checkpoint, unless the run has failed or one of this very place is there. One of
    /// weights that are not numbers would be no good to anybody.
    pub fn save(&mut self, trainee: &Trainee<M>) {
        self.flush();
        let place = self.progress.place();
        if self.fit.stop.has_failed() || self.saved.0 == place {
            return;
        }
        if !is_finite(&trainee.model) {
            let step = self.progress.step;
            return self.fit.stop.fail(Error::Failed(format!(
                "weights are not numbers after step {step}: {ADVICE}"
            )));
        }
        self.saved = (place, Instant::now());
        // A record takes Burn's running statistics as they were one update ago, unless they have
        // been synced; going to validation mode does that, for all clones of the model.
        let _ = trainee.valid();
        let progress = RunProgress {
            metrics_bytes: std::fs::metadata(&self.fit.metrics).map_or(0, |file| file.len()),
            seconds: self.seconds(),
            ..self.progress
        };
        let state = State {
            model: &trainee.model,
            ema: self.memory.ema.as_ref().map(|ema| ema.model()),
            optimizer: &self.memory.optimizer,
        };
        if let Err(error) = self.fit.checkpoints.save(progress, &state) {
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
