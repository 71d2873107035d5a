//! What a watched run does between two steps: it shows where it stands and heeds what it is told.

use std::time::Instant;

use zoo_data::SplitName;
use zoo_model::Classifier;

use super::Run;
use crate::{
    Error,
    budget::Budget,
    live::{Command, Live, Sight, doing},
};

impl<M: Classifier> Run<'_, M> {
    /// Does what the run has been told, and waits while it is paused.
    pub(super) fn heed(&mut self, epoch: usize, split: SplitName) -> Result<(), Error> {
        let stop = &self.plan.stop;
        let Some(live) = &self.plan.live else {
            return Ok(());
        };
        let mut is_paused = false;
        loop {
            live.show(self.sight(epoch, split, is_paused));
            let since = Instant::now();
            let told = live.next(is_paused, stop);
            if is_paused {
                self.metrics.leave_out(since.elapsed());
            }
            match told {
                Some(command) => self.obey(command, epoch)?,
                None => return Ok(()),
            }
            is_paused = match told {
                Some(Command::Pause) => true,
                Some(Command::GoOn | Command::End) => false,
                _ => is_paused,
            };
        }
    }

    /// Does what the run was told, and writes it down.
    fn obey(&mut self, command: Command, epoch: usize) -> Result<(), Error> {
        self.metrics.steered(epoch, self.progress.step, command)?;
        self.saved.0 = None;
        match command {
            Command::LearningRate { factor } => {
                let before = self.progress.learning_rate_factor.unwrap_or(1.0);
                self.progress.learning_rate_factor = Some(before * factor);
                // A run that is killed after this goes on with it.
                self.save()
            }
            Command::End => {
                self.plan.stop.request();
                Ok(())
            }
            Command::Pause | Command::GoOn => Ok(()),
        }
    }

    fn sight(&self, epoch: usize, split: SplitName, is_paused: bool) -> Sight {
        let course = self.plan.settings.course;
        let (step, seconds) = (self.progress.step, self.metrics.seconds());
        let speed = (step - self.from.0) as f64 / (seconds - self.from.1);
        let (steps, seconds_left) = match course.budget {
            Budget::Steps(all) => (Some(all), Some(all.saturating_sub(step) as f64 / speed)),
            Budget::Seconds(all) => (None, Some((all - seconds).max(0.0))),
        };
        Sight {
            doing: doing(split, is_paused),
            epoch,
            epochs: course.epochs(),
            step,
            steps,
            seconds,
            seconds_left: seconds_left.filter(|left| left.is_finite()),
            learning_rate: self.learning_rate(),
            learning_rate_factor: self.progress.learning_rate_factor.unwrap_or(1.0),
            ..Sight::default()
        }
    }

    /// Has whoever watches see what `model` makes of some images.
    pub(super) fn look(&self, model: &M, epoch: usize) -> Result<(), Error> {
        self.plan.live.as_ref().map_or(Ok(()), |live: &Live| live.look(model, epoch))
    }
}
