//! `zoo config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zoo_data::shown;

use super::{flags::Sets, print, print_json};
use crate::{Error, config::RunConfig};

/// Print the schema of configs, check one, or fill in its defaults.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the JSON Schema, which editors complete and check configs with.
    Schema,
    /// Check a config without running it, as far as that goes without its data.
    Check(File),
    /// Print a config with every default filled in.
    Show(File),
}

/// A config and what is laid over it.
#[derive(Debug, Args)]
pub struct File {
    /// The JSON config.
    config: PathBuf,
    #[command(flatten)]
    sets: Sets,
}

impl Config {
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::Schema => print_json(&schemars::schema_for!(RunConfig)),
            Self::Check(file) => {
                file.load()?;
                print(&format!("{}: sound", shown(&file.config)))
            }
            Self::Show(file) => {
                let mut config = file.load()?;
                config.model = config.model.resolved();
                print_json(&config)
            }
        }
    }
}

impl File {
    fn load(&self) -> Result<RunConfig, Error> {
        let config = RunConfig::load(&self.config, &self.sets.all)?;
        config.check()?;
        Ok(config)
    }
}
