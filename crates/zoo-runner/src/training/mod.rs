//! From a network and settings to trained weights.
//!
//! [`train()`] is the loop; [`Trainer`] makes its steps, and those of everything else that trains.

mod budget;
mod checkpoint;
mod class_weights;
mod clip;
mod config;
mod curves;
mod early_stopping;
mod ema;
#[cfg(test)]
mod fidelity;
pub mod fine_tune;
mod finite;
mod loss;
mod lr_find;
mod measured;
mod metrics_file;
mod optimizer;
mod progress;
mod run;
mod schedule;
mod settings;
mod stop;
mod tensorboard;
mod trainer;

pub use self::{
    budget::{Budget, Course, Pace, RunLength, StepBatches},
    checkpoint::{Checkpoint, CheckpointConfig, Checkpoints, Identity, RunProgress},
    class_weights::ClassWeights,
    config::TrainConfig,
    curves::{Curves, write_curves},
    early_stopping::EarlyStoppingConfig,
    ema::EmaConfig,
    fine_tune::FineTuneConfig,
    loss::{CrossEntropyConfig, Loss, LossConfig},
    lr_find::{RangePoint, RangeTest, Suggestion, is_plot, plot, suggest},
    measured::Measured,
    metrics_file::{Line, MetricsFile, read_lines},
    optimizer::{OptimizerConfig, ParameterGroups, ParameterGroupsConfig, hidden_matrices},
    run::{Plan, Trained, train},
    schedule::ScheduleConfig,
    settings::TrainSettings,
    stop::Stop,
    trainer::{Part, StepGradients, Trainer, Watch},
};
