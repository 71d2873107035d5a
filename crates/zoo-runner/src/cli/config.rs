//! `zoo config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zoo_data::shown;

use super::{flags::Sets, print, print_json};
use crate::{Error, config::RunConfig};

/// Check a config, fill in its defaults, or print the JSON Schema.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the JSON Schema, with which editors complete and check configs.
    Schema,
    /// Check a config as far as possible without its data.
    Check(File),
    /// Print a config with every default filled in.
    Show(File),
}

/// A config and its overrides.
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
