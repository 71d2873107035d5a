//! A training that is watched while it runs: what it is told, and what it shows.

mod command;

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use serde::Serialize;
use zoo_data::{Loader, SplitName};
use zoo_model::{Classifier, Scores};

pub use self::command::{Command, Steered};
use super::Stop;
use crate::Error;

/// How often a paused run looks whether it has been stopped by other means.
const INTERVAL: Duration = Duration::from_millis(100);

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Nothing that could be steered yet.
    #[default]
    Starting,
    /// Steps.
    Training,
    /// Looking at the valid split.
    Validating,
    /// Waiting, as it was told.
    Paused,
    /// No step follows.
    Over,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sight {
    /// What it is doing.
    pub doing: Doing,
    /// True once it has been told to end.
    pub is_ending: bool,
    /// The epoch under way, counted from 1.
    pub epoch: usize,
    /// All epochs, where their number is known.
    pub epochs: Option<usize>,
    /// Optimizer steps done.
    pub step: usize,
    /// All steps, where their number is known.
    pub steps: Option<usize>,
    /// Seconds of training so far, pauses left out.
    pub seconds: f64,
    /// Seconds that are left at the speed so far.
    pub seconds_left: Option<f64>,
    /// The learning rate of the next step.
    pub learning_rate: f64,
    /// By what the schedule's learning rate is multiplied, as the run was told.
    pub learning_rate_factor: f64,
}

/// What the network makes of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// After how many epochs.
    pub epoch: usize,
    /// The index of each image in its source, and what is said of it.
    pub images: Vec<(usize, Scores)>,
}

/// A training that is watched. Clones share it.
#[derive(Clone)]
pub struct Live {
    /// What the network is shown after every validation.
    samples: Arc<Loader>,
    shared: Arc<(Mutex<Shared>, Condvar)>,
}

/// What both sides see.
#[derive(Default)]
struct Shared {
    sight: Sight,
    samples: Option<Arc<Samples>>,
    commands: VecDeque<Command>,
    /// As told, whether heeded yet or not.
    is_to_pause: bool,
}

impl Live {
    /// A run that will say after every validation what it makes of `samples`.
    pub fn new(samples: Loader) -> Self {
        Self { samples: Arc::new(samples), shared: Arc::default() }
    }

    /// Tells the run something; it is heeded before the next step, or the next batch of the valid
    /// split.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be done.
    pub fn tell(&self, command: Command) -> Result<(), String> {
        self.lock().tell(command)?;
        self.shared.1.notify_all();
        Ok(())
    }

    /// Where the run stands.
    pub fn sight(&self) -> Sight {
        self.lock().sight
    }

    /// What the network said of the samples last.
    pub fn samples(&self) -> Option<Arc<Samples>> {
        self.lock().samples.clone()
    }

    /// Shows where the run stands.
    pub(crate) fn show(&self, sight: Sight) {
        let mut shared = self.lock();
        shared.sight = Sight { is_ending: shared.sight.is_ending, ..sight };
    }

    /// What has been told and not yet heeded. A paused run waits for it, until `stop` is requested.
    pub(crate) fn next(&self, is_paused: bool, stop: &Stop) -> Option<Command> {
        let mut shared = self.lock();
        loop {
            let command = shared.commands.pop_front();
            if command.is_some() || !is_paused || stop.is_requested() {
                return command;
            }
            let waited = self.shared.1.wait_timeout(shared, INTERVAL);
            shared = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Has `model` look at the samples.
    pub(crate) fn look<M: Classifier>(&self, model: &M, epoch: usize) -> Result<(), Error> {
        let mut images = Vec::new();
        for batch in self.samples.epoch(0, 0) {
            let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
            let scores = Scores::of(model.forward(batch.images))?;
            images.extend(batch.indices.into_iter().zip(scores));
        }
        self.lock().samples = Some(Arc::new(Samples { epoch, images }));
        Ok(())
    }

    /// No step follows.
    pub(crate) fn end(&self) {
        self.lock().sight.doing = Doing::Over;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Shared {
    fn tell(&mut self, command: Command) -> Result<(), String> {
        self.check(command)?;
        match command {
            Command::Pause => self.is_to_pause = true,
            Command::GoOn => self.is_to_pause = false,
            Command::End => self.sight.is_ending = true,
            Command::LearningRate { .. } => {}
        }
        self.commands.push_back(command);
        Ok(())
    }

    /// Refuses what makes no sense now.
    fn check(&self, command: Command) -> Result<(), String> {
        let refuse = |reason: &str| Err(reason.to_string());
        match (self.sight.doing, command) {
            (Doing::Starting, _) => {
                return refuse("the run has taken no step yet, so there is nothing to steer");
            }
            (Doing::Over, _) => return refuse("the run has taken its last step: nothing to steer"),
            (_, Command::End) if self.sight.is_ending => {
                return refuse("the run is ending already");
            }
            _ if self.sight.is_ending => return refuse("the run is ending"),
            (_, Command::Pause) if self.is_to_pause => return refuse("the run is paused already"),
            (_, Command::GoOn) if !self.is_to_pause => return refuse("the run is not paused"),
            _ => {}
        }
        command.check()?;
        if let Command::LearningRate { factor } = command {
            let all = self.commands.iter().fold(self.sight.learning_rate_factor, |all, told| {
                if let Command::LearningRate { factor } = told { all * factor } else { all }
            });
            if !(all * factor).is_normal() {
                return Err(format!(
                    "`factor`: with the {all:e} before it, {factor:e} leaves no learning rate"
                ));
            }
        }
        Ok(())
    }
}

/// What a split under way is called.
pub(crate) fn doing(split: SplitName, is_paused: bool) -> Doing {
    match (is_paused, split) {
        (true, _) => Doing::Paused,
        (false, SplitName::Train) => Doing::Training,
        (false, _) => Doing::Validating,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(commands: &[Command], sight: Sight) -> Vec<Result<(), String>> {
        let mut shared = Shared { sight, ..Shared::default() };
        commands.iter().map(|&command| shared.tell(command)).collect()
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let sight = Sight { doing: Doing::Training, learning_rate_factor: 1.0, ..Sight::default() };
        let rate = |factor| Command::LearningRate { factor };
        let (pause, go_on, end) = (Command::Pause, Command::GoOn, Command::End);
        let refused = |reason: &str| Err(reason.to_string());
        assert_eq!(
            told(&[go_on, pause, pause, go_on, end, end, rate(0.5)], sight),
            [
                refused("the run is not paused"),
                Ok(()),
                refused("the run is paused already"),
                Ok(()),
                Ok(()),
                refused("the run is ending already"),
                refused("the run is ending"),
            ]
        );
        assert_eq!(
            told(&[rate(0.0), rate(-1.0), rate(f64::NAN), rate(1e200), rate(1e200)], sight),
            [
                refused("`factor`: expected a finite number above 0, found 0"),
                refused("`factor`: expected a finite number above 0, found -1"),
                refused("`factor`: expected a finite number above 0, found NaN"),
                Ok(()),
                refused("`factor`: with the 1e200 before it, 1e200 leaves no learning rate"),
            ]
        );
        for doing in [Doing::Starting, Doing::Over] {
            assert!(told(&[pause], Sight { doing, ..sight })[0].is_err(), "{doing:?}");
        }
    }
}
