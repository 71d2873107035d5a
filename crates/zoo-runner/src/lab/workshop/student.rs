//! A network that learns step by step. Its steps are those of `zoo train`: the same batches, the same order, the
//! same learning rates, as long as nobody changes the controls.

use zoo_data::{Image, Loader, LoaderConfig, LoaderIter};
use zoo_model::{Classifier, ranking, rows};
use zoo_training::{
    Budget, Checkpoint, Checkpoints, Course, Loss, Measured, Pace, RunProgress, StepBatches,
    Trainer,
};

use super::controls::{Controls, augmentation};
use crate::{Error, explain::Record, job::Parts};

/// A network in training.
pub struct Student<'a, M> {
    parts: &'a Parts,
    controls: Controls,
    trainer: Trainer<M>,
    train: Loader,
    valid: Loader,
    /// The rest of the epoch under way.
    batches: Option<LoaderIter>,
    /// How far it is.
    pub at: At,
}

/// How far a student is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct At {
    /// Optimizer steps done.
    pub step: usize,
    /// Whole epochs done.
    pub epochs: usize,
    /// Steps of the epoch under way that are done.
    pub in_epoch: usize,
    /// Batches seen.
    batches: usize,
}

/// What a step was like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stepped {
    /// Loss and accuracy of its images, before it.
    pub measured: Measured,
    /// Its learning rate.
    pub rate: f64,
    /// True where an epoch is at its end.
    pub ends_epoch: bool,
}

/// The valid split before the network.
pub struct Valid {
    /// Loss and accuracy.
    pub measured: Measured,
    /// How many images of each class were taken for which.
    pub confusion: Vec<Vec<usize>>,
}

impl<'a, M: Classifier> Student<'a, M> {
    /// A student that begins, or goes on from a checkpoint.
    ///
    /// # Errors
    ///
    /// Those of [`Trainer::new`].
    pub fn new(
        model: M,
        parts: &'a Parts,
        controls: Controls,
        from: Option<(&Checkpoint, At)>,
    ) -> Result<Self, Error> {
        let (checkpoint, at) = from.unzip();
        let trainer = Trainer::new(model, &parts.settings, &parts.device, checkpoint)?;
        Ok(Self {
            trainer,
            train: train_loader(parts, &controls),
            valid: Loader::new(
                &parts.data.valid,
                &parts.data.preprocess,
                &parts.config.loader,
                &parts.device,
            ),
            batches: None,
            at: at.unwrap_or_default(),
            controls,
            parts,
        })
    }

    /// Optimizer steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.pace().steps_per_epoch()
    }

    /// True where all epochs are done.
    pub fn is_over(&self) -> bool {
        self.at.epochs >= self.controls.epochs
    }

    /// The learning rate of the next step.
    pub fn rate(&self) -> f64 {
        let Controls { epochs, learning_rate, .. } = self.controls;
        let pace = self.pace();
        let course = Course { pace, budget: Budget::Steps(epochs * pace.steps_per_epoch()) };
        // The same as the steps done, unless the batch size has changed on the way.
        let step = self.at.epochs * pace.steps_per_epoch() + self.at.in_epoch;
        learning_rate * self.parts.settings.schedule.factor(step, course.length(step, 0.0))
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the loss is not a number, or an image cannot be read.
    pub fn step(&mut self) -> Result<Stepped, Error> {
        let (rate, of) = (self.rate(), self.next_batches());
        if self.at.in_epoch == 0 || self.batches.is_none() {
            self.trainer.freeze(self.at.epochs);
            let done = self.at.in_epoch * self.parts.settings.train.accumulate;
            self.batches = Some(self.train.epoch(self.at.epochs, done));
        }
        let step = match &mut self.batches {
            Some(batches) => self.trainer.gradients(batches, of, &mut ())?,
            None => None,
        };
        let step =
            step.ok_or_else(|| Error::Failed(String::from("no image is left to train on")))?;
        let loss = step.measured.loss();
        if !loss.is_finite() {
            return Err(Error::Failed(format!(
                "the loss is {loss} at step {}: with the learning rate {rate:.3e} training has run away",
                self.at.step + 1
            )));
        }
        self.trainer.update(step.gradients, rate);
        self.at.step += 1;
        self.at.in_epoch += 1;
        self.at.batches += of.batches.min(step.images.len().div_ceil(self.controls.batch_size));
        let ends_epoch = self.at.in_epoch == self.steps_per_epoch();
        if ends_epoch {
            (self.at.epochs, self.at.in_epoch, self.batches) = (self.at.epochs + 1, 0, None);
        }
        Ok(Stepped { measured: step.measured, rate, ends_epoch })
    }

    /// The network that would be kept now.
    pub fn kept(&self) -> M {
        self.trainer.kept()
    }

    /// The network with the weights of the last step.
    pub fn last(&self) -> M {
        self.trainer.model().valid()
    }

    /// Has `kept` look at the valid split.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read or the device gives up.
    pub fn validate(&self, kept: &M) -> Result<Valid, Error> {
        let classes = self.parts.data.classes.len();
        let mut valid =
            Valid { measured: Measured::default(), confusion: vec![vec![0; classes]; classes] };
        for batch in self.valid.epoch(0, 0) {
            let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
            let logits = kept.forward(batch.images);
            let losses = Loss::default().of_batch(&logits, &batch.targets, None);
            for (scores, index) in rows(logits.clone())?.iter().zip(&batch.indices) {
                let label = self.parts.data.valid.source().label(*index);
                valid.confusion[label][ranking(scores)[0]] += 1;
            }
            valid.measured +=
                Measured::of(losses, logits, batch.targets, self.parts.settings.top_k)?;
        }
        Ok(valid)
    }

    /// What every layer gives for a photo.
    pub fn record(&self, photo: &Image) -> Record {
        let Parts { data, device, .. } = self.parts;
        let input = data.preprocess.tensor(std::slice::from_ref(photo), device);
        let mut record = Record::default();
        self.trainer.kept().forward_tapped(input, &mut record);
        record
    }

    /// Takes other controls, all but dropout, from the next step on. Another order or augmentation begins at the
    /// place of the epoch that has been reached.
    pub fn take(&mut self, controls: Controls) {
        let before = self.pace();
        self.controls = controls;
        let is_other = self.controls.batch_size != before.batch_size;
        if is_other {
            // As many images of the epoch are done, in steps of another length.
            let images =
                (self.at.in_epoch * before.batch_size * before.accumulate).min(before.images);
            self.at.in_epoch = (images / (controls.batch_size * before.accumulate))
                .min(self.steps_per_epoch() - 1);
        }
        self.train = train_loader(self.parts, &controls);
        self.batches = None;
    }

    /// Writes a checkpoint into a folder of checkpoints.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if it cannot be written.
    pub fn save(&self, checkpoints: &Checkpoints) -> Result<(), Error> {
        let progress = RunProgress { step: self.at.step, ..RunProgress::default() };
        Ok(checkpoints.save(progress, &self.trainer.state())?)
    }

    fn pace(&self) -> Pace {
        Pace {
            images: self.train.num_images(),
            batch_size: self.controls.batch_size,
            accumulate: self.parts.settings.train.accumulate,
        }
    }

    /// The batches of the next step.
    fn next_batches(&self) -> StepBatches {
        let pace = self.pace();
        let place = self.at.in_epoch;
        StepBatches { first_batch: self.at.batches, ..pace.step_after(place) }
    }
}

/// The training images, as `zoo train` gives them but for the controls.
pub fn train_loader(parts: &Parts, controls: &Controls) -> Loader {
    let Parts { config, data, device, .. } = parts;
    let batches = LoaderConfig { batch_size: controls.batch_size, ..config.loader.clone() };
    let loader = Loader::new(&data.train, &data.preprocess, &batches, device).shuffled(config.seed);
    match controls.augment {
        true => loader.augmented(&augmentation(config)).mixed(&config.mix),
        false => loader,
    }
}
