//! From a network and settings to trained weights.
//!
//! [`train()`] is the loop; [`Trainer`] makes its steps, and those of everything else that trains.

mod bars;
mod budget;
mod checkpoint;
mod class_weights;
mod clip;
mod config;
mod early_stopping;
mod ema;
mod error;
pub mod fine_tune;
mod finite;
mod live;
mod loss;
mod lr_find;
mod measured;
mod metrics_file;
mod optimizer;
mod precision;
pub mod progress;
mod ranks;
mod run;
pub mod run_dir;
mod schedule;
mod settings;
mod stop;
mod tensorboard;
#[cfg(test)]
mod tests;
mod trainer;
pub mod words;

pub use self::{
    budget::{Budget, Course, Pace, RunLength, StepBatches},
    checkpoint::{Checkpoint, CheckpointConfig, Checkpoints, Identity, RunProgress},
    class_weights::ClassWeights,
    config::TrainConfig,
    early_stopping::EarlyStoppingConfig,
    ema::EmaConfig,
    error::{Error, refuse},
    fine_tune::FineTuneConfig,
    live::{Command, Doing, Live, Samples, Sight, Steered},
    loss::{CrossEntropyConfig, Loss, LossConfig},
    lr_find::{RangePoint, RangeTest, Suggestion, is_plot, plot, suggest},
    measured::Measured,
    metrics_file::{Line, MetricsFile, read_lines, read_steered},
    optimizer::{OptimizerConfig, ParameterGroups, ParameterGroupsConfig, hidden_matrices},
    precision::parse_precision,
    ranks::{Exchanged, Failure, Launched, Ranks},
    run::{Plan, Trained, train},
    schedule::ScheduleConfig,
    settings::TrainSettings,
    stop::Stop,
    trainer::{Part, StepGradients, Trainer, Watch},
};
