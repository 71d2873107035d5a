//! The stopwatch: every time it waits until the device has done its work.

use std::{fmt::Display, time::Instant};

use burn::tensor::{Device, Tensor};
use zoo_data::{Batch, DataError, Loader};
use zoo_kernels::nn::Tap;
use zoo_model::Classifier;
use zoo_training::{Part, StepBatches, TrainSettings, Trainer, Watch};

use crate::Error;

/// Milliseconds of the parts of one training step.
#[derive(Clone, Copy, Debug)]
pub struct StepTimes([f64; 3]);

impl StepTimes {
    /// Of one part.
    pub fn of(&self, part: Part) -> f64 {
        self.0[part as usize]
    }

    /// Of the whole step.
    pub fn whole(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// Takes the time of each part of a step.
struct Stopwatch {
    device: Device,
    lap: Instant,
    times: StepTimes,
}

impl Stopwatch {
    fn start(device: &Device) -> Self {
        Self { device: device.clone(), lap: Instant::now(), times: StepTimes([0.0; 3]) }
    }
}

impl Tap for Stopwatch {
    fn layer<const D: usize>(&mut self, _: impl Display, output: Tensor<D>) -> Tensor<D> {
        output
    }
}

impl Watch for Stopwatch {
    fn done(&mut self, part: Part) {
        // A device that cannot sync has failed, and says so when its result is read.
        let _ = self.device.sync();
        self.times.0[part as usize] += self.lap.elapsed().as_secs_f64() * 1e3;
        self.lap = Instant::now();
    }
}

/// Runs `work` and waits for `device`; gives milliseconds and what came out.
pub fn milliseconds<T>(device: &Device, work: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let result = work();
    let _ = device.sync();
    (started.elapsed().as_secs_f64() * 1e3, result)
}

/// Milliseconds of each of `steps` training steps as `settings` has them, schedule apart.
///
/// # Errors
///
/// [`Error::Config`] if the network lacks what is to be frozen or adapted, [`Error::Failed`] if the
/// device gives up.
pub fn time_training<M: Classifier>(
    model: M,
    batches: &[Batch],
    settings: &TrainSettings,
    steps: usize,
) -> Result<Vec<StepTimes>, Error> {
    let device = batches[0].images.device();
    let mut trainer = Trainer::new(model, settings, &device, None)?;
    trainer.freeze(0);
    let (accumulate, rate) = (settings.train.accumulate, settings.optimizer.learning_rate());
    let mut batches = batches.iter().cycle().cloned();
    let mut times = Vec::with_capacity(steps);
    for step in 0..steps {
        let of_step: Vec<Batch> = batches.by_ref().take(accumulate).collect();
        let place = StepBatches {
            first_batch: step * accumulate,
            batches: accumulate,
            images: of_step.iter().map(|batch| batch.indices.len()).sum(),
        };
        let mut of_step = of_step.into_iter().map(Ok::<_, DataError>);
        let mut watch = Stopwatch::start(&device);
        let Some(made) = trainer.gradients(&mut of_step, place, &mut watch)? else {
            break;
        };
        trainer.update(made.gradients, rate);
        watch.done(Part::Update);
        times.push(watch.times);
    }
    Ok(times)
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
