//! From a network and a plan to trained weights, through Burn's Learner.

mod checkpoint;
mod clip;
mod fit;
mod loss;
mod metrics;
mod optimizer;
mod record;
mod schedule;
mod stop;
mod trainee;

use std::sync::{Arc, Mutex};

use burn::{
    module::Module,
    tensor::Device,
    train::{Learner, SupervisedTraining, TrainingStrategy, renderer::MetricsRenderer},
};
use zoo_data::Loader;

use self::{
    fit::Fit,
    record::{RecordStart, Recorder},
    trainee::Trainee,
};
use crate::{
    Error,
    config::RunConfig,
    model::{AnyClassifier, Classifier, WeightsInfo},
    run_dir::RunDir,
};

pub use self::{
    checkpoint::{Checkpoint, Checkpoints, RunProgress},
    loss::{CrossEntropyConfig, LossConfig, cross_entropy},
    metrics::Quantity,
    optimizer::{AdamWConfig, OptimizerConfig, SgdConfig},
    schedule::{
        ConstantConfig, CosineConfig, Length, OneCycleConfig, RunLength, ScheduleConfig, StepConfig,
    },
    stop::Stop,
};

/// Everything that a training needs besides the network.
pub struct Plan {
    /// The checked config.
    pub config: RunConfig,
    /// Where results go.
    pub run_dir: RunDir,
    /// What travels with the weights.
    pub info: WeightsInfo,
    /// Training images, shuffled and augmented.
    pub train: Arc<Loader>,
    /// Images that choose the best weights.
    pub valid: Arc<Loader>,
    /// Where training runs, without autodiff.
    pub device: Device,
    /// How long the run is.
    pub length: RunLength,
    /// A checkpoint to go on from.
    pub resume: Option<Checkpoint>,
    /// Shows how training goes.
    pub renderer: Box<dyn MetricsRenderer>,
    /// Ends the run.
    pub stop: Stop,
}

/// What came of a training.
pub struct Trained {
    /// The network after its last step.
    pub model: Box<dyn AnyClassifier>,
    /// How far it came.
    pub progress: RunProgress,
    /// True where the run was stopped before its last step.
    pub is_interrupted: bool,
}

/// Trains `model` as `plan` says.
///
/// # Errors
///
/// [`Error::Run`] if the checkpoint cannot be read, [`Error::Failed`] if training could not go on.
pub fn launch<M: Classifier>(model: M, plan: Plan) -> Result<Trained, Error> {
    let config = &plan.config;
    let mut trainee = Trainee {
        model,
        label_smoothing: config.loss.label_smoothing(),
        clip_grad_norm: config.train.clip_grad_norm,
    };
    let mut optimizer = config.optimizer.init();
    let mut start = RunProgress::default();
    if let Some(checkpoint) = &plan.resume {
        (trainee, optimizer) = checkpoint.restore(trainee, optimizer)?;
        start = checkpoint.progress;
    }
    let recorder = Recorder::open(
        &plan.run_dir.metrics(),
        RecordStart { step: start.step, bytes: start.metrics_bytes, seconds: start.seconds },
        config.train.log_every,
        plan.stop.clone(),
    )?;
    let checkpoints =
        Checkpoints::new(plan.run_dir.checkpoints(), config.train.checkpoint.keep_last);
    let (top_k, epochs) = (config.metrics.top_k.min(plan.info.classes.len()), plan.length.epochs());
    let (path, stop) = (plan.run_dir.path(), plan.stop.clone());
    let training = SupervisedTraining::new(path, plan.train.clone(), plan.valid.clone());
    // The loop has optimizer and schedule of its own.
    let learner = Learner::new(trainee.train(), config.optimizer.init(), 0.0);
    let fit = Fit {
        train: plan.train,
        valid: plan.valid,
        device: plan.device.autodiff(),
        optimizer: Mutex::new(optimizer),
        length: plan.length,
        start,
        checkpoints: checkpoints.clone(),
        weights: plan.run_dir.weights(),
        info: plan.info,
        metrics: plan.run_dir.metrics(),
        stop: plan.stop,
        config: plan.config,
    };
    let result = metrics::measure(training, top_k)
        .with_application_logger(None)
        .with_metric_logger(recorder)
        .with_interrupter(stop.interrupter().clone())
        .renderer(plan.renderer)
        .num_epochs(epochs)
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(fit)))
        .launch(learner);
    match stop.take_failure() {
        Some(error) => Err(error),
        None => Ok(Trained {
            model: Box::new(result.model.model),
            progress: checkpoints.latest()?.map_or(start, |checkpoint| checkpoint.progress),
            is_interrupted: result.interrupted.is_some(),
        }),
    }
}
