//! From a config as it was typed to settings that are ready for the data.

use zoo_data::{Dataset, Split};
use zoo_training::TrainSettings;

use super::{RunConfig, refuse};
use crate::Error;

impl RunConfig {
    /// What a training on the train split of `data` needs to know. In `self`, what follows from the
    /// data is written out.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the loss or the schedule does not fit the data.
    pub fn settings(&mut self, data: &Dataset) -> Result<TrainSettings, Error> {
        let Dataset { classes, train, .. } = data;
        let counts = Split::class_counts(train, classes.len());
        let loss = self.loss.resolve(classes, &counts).map_err(|text| refuse("loss", text))?;
        let course = self.train.course(train.len(), self.loader.batch_size);
        self.schedule.check_fits(course).map_err(|text| refuse("schedule", text))?;
        Ok(TrainSettings {
            seed: self.seed,
            loss,
            optimizer: self.optimizer.clone(),
            parameter_groups: self.parameter_groups.clone(),
            schedule: self.schedule.clone(),
            fine_tune: self.fine_tune.clone(),
            train: self.train.clone(),
            course,
            top_k: Some(self.metrics.top_k).filter(|&k| k < classes.len()),
        })
    }
}
