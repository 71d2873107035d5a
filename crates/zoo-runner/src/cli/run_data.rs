//! The images of a run's splits, for verbs that look at them again.

use std::path::Path;

use zoo_data::{Dataset, Split, SplitName};
use zoo_model::WeightsInfo;

use crate::{Error, classes::difference, config::RunConfig};

/// The config that says where the images are: the file at `path`, or by default the run's own.
///
/// # Errors
///
/// Those of [`RunConfig::load`] and [`RunConfig::of_run`].
pub fn config(run: &Path, path: Option<&Path>, sets: &[String]) -> Result<RunConfig, Error> {
    match path {
        Some(path) => RunConfig::load(path, sets),
        None => RunConfig::of_run(run, sets),
    }
}

/// Opens the data of a config for `weights`.
///
/// # Errors
///
/// [`Error::Data`] if it cannot be opened, [`Error::Run`] if it has other classes than the weights.
pub fn open(config: &RunConfig, weights: &Path, info: &WeightsInfo) -> Result<Dataset, Error> {
    let data = config.data.open()?;
    match difference(("the weights", &info.classes), ("the data", &data.classes)) {
        None => Ok(data),
        Some(difference) => {
            let message = format!("was trained on other classes than the data has: {difference}");
            Err(Error::run(weights, message))
        }
    }
}

/// The split that a flag names, which clap has checked; by default test, or valid if there is no
/// test split.
pub fn split_name(flag: Option<&str>, data: &Dataset) -> SplitName {
    let named = SplitName::ALL.into_iter().find(|name| Some(name.name()) == flag);
    named.unwrap_or(data.measured().0)
}

/// A split by its name.
///
/// # Errors
///
/// [`Error::Usage`] if the data set has none.
pub fn split(data: &Dataset, name: SplitName) -> Result<&Split, Error> {
    let none =
        || Error::Usage(format!("--split {name}: the data set {} has no such split", data.name));
    data.split(name).ok_or_else(none)
}
