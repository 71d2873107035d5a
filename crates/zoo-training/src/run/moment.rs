//! Time and signals, which differ from process to process: what depends on them is agreed on.

use serde::{Deserialize, Serialize};
use zoo_data::SplitName;
use zoo_model::Classifier;

use super::Run;
use crate::Error;

/// What all ranks go by until they agree on another moment.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Moment {
    /// Seconds of training, by the first rank's clock.
    pub seconds: f64,
    /// True where any rank was asked to stop.
    pub is_stopping: bool,
}

impl<M: Classifier> Run<'_, M> {
    /// Has all ranks go by the same clock, and stop where one is asked to.
    pub(super) fn agree(&mut self) -> Result<(), Error> {
        let is_stopping = self.plan.stop.is_requested();
        let all = self.plan.ranks.all(Moment { seconds: self.metrics.seconds(), is_stopping })?;
        let is_stopping = all.iter().any(|moment| moment.is_stopping);
        self.now = Moment { seconds: all[0].seconds, is_stopping };
        Ok(())
    }

    /// Does what the run has been told, and says whether a step follows in this epoch.
    pub(super) fn goes_on(&mut self, epoch: usize) -> Result<bool, Error> {
        let last = epoch * self.plan.settings.course.pace.steps_per_epoch();
        if self.progress.step < last && !self.is_over() {
            self.heed(epoch, SplitName::Train)?;
        }
        self.agree()?;
        Ok(self.progress.step < last && !self.is_over() && !self.now.is_stopping)
    }
}
