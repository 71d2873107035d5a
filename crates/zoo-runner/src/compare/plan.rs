//! Which runs a comparison is made of.

use std::path::{Path, PathBuf};

use zoo_data::{SubsetConfig, shown};
use zoo_training::{
    Course, Ranks,
    progress::Show,
    run_dir::{config_path, read_json},
};

use super::{SharedBudget, entry::Entry};
use crate::{
    Error,
    config::{RunConfig, first_difference},
    job::Job,
};

/// One run of a comparison.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its name, and that of its folder.
    pub name: String,
    /// The place of its entry.
    pub entry: usize,
    /// The seed.
    pub seed: u64,
    /// The fraction of the train split.
    pub fraction: f64,
    /// All that it is trained with.
    pub config: RunConfig,
    /// Train images that it sees; unknown where time ends it.
    pub images: Option<usize>,
    /// Its run directory.
    pub folder: PathBuf,
}

/// What is asked of a comparison besides the configs.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Seeds from 0.
    pub seeds: u64,
    /// Fractions of the train split, ascending.
    pub fractions: Vec<f64>,
    /// One length for all; without it, each trains as long as its config says.
    pub budget: Option<SharedBudget>,
}

/// All runs: for each seed and fraction one of each entry, so that a comparison that is stopped has
/// as many of one as of the other.
///
/// # Errors
///
/// [`Error::Usage`] for a budget below a step.
pub fn plan(entries: &[Entry], extent: &Extent, folder: &Path) -> Result<Vec<Planned>, Error> {
    let mut runs = Vec::new();
    for seed in 0..extent.seeds {
        for &fraction in &extent.fractions {
            for (place, entry) in entries.iter().enumerate() {
                let mut config = entry.config.clone();
                config.seed = seed;
                if let Some(budget) = extent.budget {
                    budget.apply(&mut config, &entry.name)?;
                }
                if fraction < 1.0 {
                    if !config.train.ends_by_epochs() {
                        // Epochs are shorter, so that there are more: as many looks at the valid
                        // split as with all images.
                        let every = config.train.validate_every as f64 / fraction;
                        config.train.validate_every = every.round() as usize;
                    }
                    config.data = config.data.with_subset(SubsetConfig::Fraction(fraction));
                }
                let of_train = match fraction < 1.0 {
                    true => format!("-{fraction}"),
                    false => String::new(),
                };
                let name = format!("{}{of_train}-seed-{seed}", entry.name);
                let images = (entry.data.train.len() as f64 * fraction).round() as usize;
                let course = config.train.course(images, config.loader.batch_size);
                runs.push(Planned {
                    folder: folder.join(&name),
                    name,
                    entry: place,
                    seed,
                    fraction,
                    images: course.images(),
                    config,
                });
            }
        }
    }
    Ok(runs)
}

/// Refuses what cannot be trained, of each entry with the fewest images.
///
/// # Errors
///
/// Those of [`Job::prepare`].
pub fn check(runs: &[Planned], entries: &[Entry]) -> Result<(), Error> {
    for run in runs.iter().take(entries.len()) {
        let about = |message: String| {
            Error::Usage(format!("{}: {message}", shown(&entries[run.entry].path)))
        };
        Job::prepare(run.config.clone(), None, Show::Nothing, &Ranks::Alone).map_err(|error| {
            match error {
                Error::Config { origin, message } => about(format!("{origin}: {message}")),
                Error::Usage(message) => about(message),
                other => other,
            }
        })?;
    }
    Ok(())
}

impl Planned {
    /// The run over a train split of this many images.
    pub fn course(&self, train_images: usize) -> Course {
        self.config.train.course(train_images, self.config.loader.batch_size)
    }

    /// Refuses a folder that holds a run of another config.
    ///
    /// # Errors
    ///
    /// [`Error::Run`].
    pub fn check_earlier(&self) -> Result<(), Error> {
        let path = config_path(&self.folder);
        if !path.exists() {
            return Ok(());
        }
        let before: RunConfig = read_json(&path)?;
        match first_difference(&before, &self.config) {
            None => Ok(()),
            Some(key) => Err(Error::run(
                &self.folder,
                format!(
                    "was trained with another `{key}`: choose another folder with --out, or start \
                     over with --force"
                ),
            )),
        }
    }
}
