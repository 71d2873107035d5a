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

use std::{path::Path, sync::Arc};

use burn::{
    module::Module,
    optim::{
        OptimizerRecord,
        lr_scheduler::{LrSchedulerRecord, module_lr_scheduler::ModuleLrScheduler},
    },
    store::ModuleRecord,
    tensor::Device,
    train::{Learner, SupervisedTraining, TrainingStrategy, renderer::MetricsRenderer},
};
use zoo_data::Loader;

use self::{
    checkpoint::{PARTS, WhenAsked},
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
    checkpoint::{Checkpoints, RunProgress},
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
    pub resume: Option<(std::path::PathBuf, RunProgress)>,
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
    let start = plan.resume.as_ref().map_or_else(RunProgress::default, |(_, progress)| *progress);
    let checkpoints =
        Checkpoints::new(plan.run_dir.checkpoints(), config.train.checkpoint.keep_last);
    let recorder = Recorder::open(
        &plan.run_dir.metrics(),
        RecordStart { step: start.step, bytes: start.metrics_bytes, seconds: start.seconds },
        config.train.log_every,
        plan.stop.clone(),
    )?;
    let learner = learner(model, &plan)?;
    let training =
        SupervisedTraining::new(plan.run_dir.path(), plan.train.clone(), plan.valid.clone());
    let top_k = config.metrics.top_k.min(plan.info.classes.len());
    let parts = PARTS.map(|name| checkpoints.part(name));
    let [model_part, optimizer_part, schedule_part] = parts;
    let fit = Fit {
        train: plan.train,
        valid: plan.valid,
        device: plan.device.autodiff(),
        seed: config.seed,
        length: plan.length,
        start,
        checkpoint_every: config.train.checkpoint.every_steps,
        checkpoints: checkpoints.clone(),
        weights: plan.run_dir.weights(),
        info: plan.info,
        metrics: plan.run_dir.metrics(),
        stop: plan.stop.clone(),
    };
    let result = metrics::measure(training, top_k)
        .with_application_logger(None)
        .with_metric_logger(recorder)
        .with_interrupter(plan.stop.interrupter().clone())
        .renderer(plan.renderer)
        .with_custom_checkpointers(model_part, optimizer_part, schedule_part)
        .with_checkpointing_strategy(WhenAsked)
        .num_epochs(plan.length.epochs())
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(fit)))
        .launch(learner);
    match plan.stop.take_failure() {
        Some(error) => Err(error),
        None => Ok(Trained {
            model: Box::new(result.model.model),
            progress: checkpoints.latest()?.map_or(start, |(_, progress)| progress),
            is_interrupted: result.interrupted.is_some(),
        }),
    }
}

/// The Learner at the start of the plan, or where its checkpoint left off.
fn learner<M: Classifier>(model: M, plan: &Plan) -> Result<Learner<Trainee<M>>, Error> {
    let config = &plan.config;
    let schedule = schedule::Schedule::new(
        config.schedule.clone(),
        config.optimizer.learning_rate(),
        plan.length,
    );
    let mut trainee = Trainee {
        model,
        label_smoothing: config.loss.label_smoothing(),
        clip_grad_norm: config.train.clip_grad_norm,
    };
    let Some((folder, _)) = &plan.resume else {
        let schedule = ModuleLrScheduler::new(schedule);
        return Ok(Learner::new(trainee.train(), config.optimizer.init(), schedule));
    };
    let [model, optimizer, scheduler] = PARTS.map(|name| folder.join(name));
    let record = ModuleRecord::load(&model).map_err(damaged(&model))?;
    trainee = trainee.try_load_record(record).map_err(damaged(&model))?;
    let schedule = ModuleLrScheduler::new(schedule);
    let mut learner = Learner::new(trainee.train(), config.optimizer.init(), schedule);
    learner.load_optim(OptimizerRecord::load(&optimizer).map_err(damaged(&optimizer))?);
    learner.load_scheduler(LrSchedulerRecord::load(&scheduler).map_err(damaged(&scheduler))?);
    Ok(learner)
}

fn damaged<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Error + '_ {
    move |error| Error::run(path, format!("cannot be read: {error}; start anew with --force"))
}
