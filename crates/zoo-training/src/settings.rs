//! What a training needs to know.

use super::{
    Course, FineTuneConfig, Loss, OptimizerConfig, ParameterGroupsConfig, ScheduleConfig,
    TrainConfig,
};

/// What a training needs to know, ready: names of classes resolved, lengths counted for the data. A
/// config says the same as a user types it.
#[derive(Clone, Debug)]
pub struct TrainSettings {
    /// Seed of the run.
    pub seed: u64,
    /// What training lowers.
    pub loss: Loss,
    /// How a gradient becomes a step.
    pub optimizer: OptimizerConfig,
    /// Which parameters are treated differently.
    pub parameter_groups: ParameterGroupsConfig,
    /// How the learning rate changes during the run.
    pub schedule: ScheduleConfig,
    /// What of the network is trained, and when.
    pub fine_tune: FineTuneConfig,
    /// How to step and what to keep.
    pub train: TrainConfig,
    /// How long the run is.
    pub course: Course,
    /// An image counts as right for top-k accuracy where its class is among so many; none where that
    /// is every class.
    pub top_k: Option<usize>,
}

impl TrainSettings {
    /// A training on so many images, in batches of so many, with the default of everything that
    /// `train` does not say.
    pub fn new(images: usize, batch_size: usize, train: TrainConfig) -> Self {
        Self {
            seed: 0,
            loss: Loss::default(),
            optimizer: OptimizerConfig::default(),
            parameter_groups: ParameterGroupsConfig::default(),
            schedule: ScheduleConfig::default(),
            fine_tune: FineTuneConfig::default(),
            course: train.course(images, batch_size),
            train,
            top_k: None,
        }
    }
}
