//! From a network and a plan to trained weights, through Burn's Learner.

mod budget;
mod checkpoint;
mod class_weights;
mod clip;
mod early_stopping;
mod ema;
#[cfg(test)]
mod fidelity;
mod finite;
mod fit;
mod loss;
mod lr_find;
mod metrics;
mod optimizer;
mod record;
mod schedule;
mod session;
mod step;
mod stop;
mod tensorboard;
mod trainee;

use std::sync::{Arc, Mutex};

use burn::{
    module::Module,
    optim::{ModuleOptimizer, SgdConfig},
    tensor::Device,
    train::{Learner, SupervisedTraining, TrainingStrategy, renderer::MetricsRenderer},
};
use zoo_data::Loader;

use self::{
    ema::Ema,
    fit::{Fit, Memory},
    step::Stride,
    trainee::Trainee,
};
use crate::{
    Error,
    config::{RunConfig, refuse},
    model::{AnyClassifier, Classifier, WeightsInfo},
    pretrained::{Freezing, Method},
    run_dir::RunDir,
};

pub use self::{
    budget::{Budget, Course, Pace, RunLength},
    checkpoint::{Checkpoint, CheckpointConfig, Checkpoints, Identity, RunProgress},
    class_weights::ClassWeights,
    early_stopping::EarlyStoppingConfig,
    ema::EmaConfig,
    loss::{CrossEntropyConfig, LossConfig, batch_loss, cross_entropy},
    lr_find::{RangePoint, RangeTest, Suggestion, is_plot, plot, suggest},
    metrics::Quantity,
    optimizer::{OptimizerConfig, ParameterGroups, ParameterGroupsConfig, hidden_matrices},
    record::{Line, RecordStart, Recorder},
    schedule::ScheduleConfig,
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
    pub course: Course,
    /// Where checkpoints go.
    pub checkpoints: Checkpoints,
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
    /// How many train images it has seen, each as often as it was.
    pub images: usize,
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
    let (model, groups, freezing) = prepare(model, config)?;
    let optimizer = config.optimizer.init(&groups);
    let (model, memory, start) = restore(model, optimizer, config, plan.resume.as_ref())?;
    let trainee = Trainee::new(model, config);
    let recorder = Recorder::open(
        &plan.run_dir,
        RecordStart { step: start.step, bytes: start.metrics_bytes, seconds: start.seconds },
        config.train.log_every,
        plan.stop.clone(),
    )?;
    let top_k = config.metrics.top_k.min(plan.info.classes.len());
    let epochs = plan.course.epochs().unwrap_or(usize::MAX);
    let training =
        SupervisedTraining::new(plan.run_dir.path(), plan.train.clone(), plan.valid.clone());
    // The loop has optimizer and schedule of its own.
    let learner = Learner::new(trainee.train(), SgdConfig::new().init(), 0.0);
    let fit = Arc::new(Fit {
        train: plan.train,
        valid: plan.valid,
        stride: Stride {
            device: autodiff(plan.device, config.train.gradient_checkpointing),
            seed: config.seed,
            pace: plan.course.pace,
        },
        groups,
        freezing,
        memory: Mutex::new(Some(memory)),
        course: plan.course,
        progress: Mutex::new(start),
        checkpoints: plan.checkpoints,
        weights: plan.run_dir.weights(),
        info: plan.info,
        metrics: plan.run_dir.metrics(),
        stop: plan.stop,
        config: plan.config,
    });
    let result = metrics::measure(training, top_k)
        .with_application_logger(None)
        .with_metric_logger(recorder)
        .with_interrupter(fit.stop.interrupter().clone())
        .renderer(plan.renderer)
        .num_epochs(epochs)
        .with_training_strategy(TrainingStrategy::Custom(fit.clone()))
        .launch(learner);
    match fit.stop.take_failure() {
        Some(error) => Err(error),
        None => Ok(Trained {
            // What adapters have added becomes part of the weights.
            model: Box::new(result.model.model.materialize()),
            images: fit.course.pace.images_after(fit.progress().step),
            progress: fit.progress(),
            is_interrupted: result.interrupted.is_some(),
        }),
    }
}

/// `model` with the adapters that `config` asks for, the groups of its parameters, and what of them is
/// frozen when.
///
/// # Errors
///
/// [`Error::Config`] if the network lacks what is to be frozen or adapted.
fn prepare<M: Classifier>(
    model: M,
    config: &RunConfig,
) -> Result<(M, ParameterGroups, Freezing), Error> {
    let refused = |message| refuse("fine_tune", message);
    let model = match &config.fine_tune.method {
        Method::Lora(lora) => lora.attach(model, config.seed).map_err(refused)?,
        _ => model,
    };
    let mut groups = ParameterGroups::new(&model, &config.parameter_groups);
    if let Some(rate) = config.fine_tune.head_learning_rate {
        groups = groups.with_head(&model, rate / config.optimizer.learning_rate());
    }
    let freezing = config.fine_tune.freezing(&model.layers()).map_err(refused)?;
    Ok((model, groups, freezing))
}

/// The state that a run starts from: a fresh one, or a checkpoint's.
fn restore<M: Classifier>(
    model: M,
    optimizer: ModuleOptimizer,
    config: &RunConfig,
    resume: Option<&Checkpoint>,
) -> Result<(M, Memory<M>, RunProgress), Error> {
    let (model, ema, optimizer, start) = match resume {
        Some(checkpoint) => {
            let (model, ema, optimizer) = checkpoint.restore(model, optimizer)?;
            (model, ema, optimizer, checkpoint.progress)
        }
        None => (model, None, optimizer, RunProgress::default()),
    };
    let ema =
        config.train.ema.clone().map(|config| Ema::new(config, ema.as_ref().unwrap_or(&model)));
    Ok((model, Memory { optimizer, ema }, start))
}

/// `device` with gradients.
fn autodiff(device: Device, gradient_checkpointing: bool) -> Device {
    match gradient_checkpointing {
        true => device.autodiff().gradient_checkpointing(),
        false => device.autodiff(),
    }
}
