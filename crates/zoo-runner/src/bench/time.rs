//! The stopwatch: every time it waits until the device has done its work.

use std::time::Instant;

use burn::{optim::GradientsParams, tensor::Device};
use zoo_data::{Batch, Loader};

use crate::{
    Error,
    config::RunConfig,
    model::Classifier,
    training::{ParameterGroups, cross_entropy},
};

/// A part of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Logits and loss.
    Forward,
    /// Gradients.
    Backward,
    /// New weights.
    Optimizer,
}

/// Milliseconds of the parts of one training step.
#[derive(Clone, Copy, Debug)]
pub struct StepTimes([f64; 3]);

impl StepTimes {
    /// Of one part.
    pub fn of(&self, stage: Stage) -> f64 {
        self.0[stage as usize]
    }

    /// Of the whole step.
    pub fn whole(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// Runs `work` and waits for `device`; gives milliseconds and what came out.
pub fn milliseconds<T>(device: &Device, work: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let result = work();
    // A device that cannot sync has failed, and says so when its result is read.
    let _ = device.sync();
    (started.elapsed().as_secs_f64() * 1e3, result)
}

/// Milliseconds of each of `steps` training steps as `config` has them, schedule apart.
pub fn time_training<M: Classifier>(
    model: M,
    batches: &[Batch],
    config: &RunConfig,
    steps: usize,
) -> Vec<StepTimes> {
    let device = batches[0].images.device().autodiff();
    let groups = ParameterGroups::new(&model, &config.parameter_groups);
    let mut held = Some(model.train().fork(&device));
    let mut optimizer = config.optimizer.init(&groups);
    let (smoothing, rate) = (config.loss.label_smoothing(), config.optimizer.learning_rate());
    let step = |batch: &Batch| {
        let batch = batch.clone();
        // Moved, not cloned: an optimizer works in place only on weights that are its own.
        let model = held.take()?;
        let (forward, loss) = milliseconds(&device, || {
            let logits = model.forward(batch.images);
            cross_entropy(logits, batch.targets, smoothing).mean()
        });
        let (backward, gradients) =
            milliseconds(&device, || GradientsParams::from_grads(loss.backward(), &model));
        let (update, updated) = milliseconds(&device, || optimizer.step(rate, model, gradients));
        held = Some(updated);
        Some(StepTimes([forward, backward, update]))
    };
    batches.iter().cycle().take(steps).map_while(step).collect()
}

/// Milliseconds of each of `steps` forward passes.
pub fn time_inference<M: Classifier>(model: &M, batches: &[Batch], steps: usize) -> Vec<f64> {
    let device = batches[0].images.device();
    let model = model.valid();
    let pass = |batch: &Batch| {
        let images = batch.images.clone();
        milliseconds(&device, || model.forward(images)).0
    };
    batches.iter().cycle().take(steps).map(pass).collect()
}

/// Milliseconds that a consumer who does nothing else waits for each of `steps` batches.
pub fn time_loading(loader: &Loader, steps: usize) -> Result<Vec<f64>, Error> {
    let mut times = Vec::with_capacity(steps);
    let mut batches = (0..).flat_map(|epoch| loader.epoch(epoch, 0));
    for _ in 0..steps {
        let started = Instant::now();
        let batch = batches.next().transpose().map_err(|error| Error::Failed(error.to_string()))?;
        drop(batch);
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}
