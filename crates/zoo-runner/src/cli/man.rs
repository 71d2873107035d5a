//! `zoo man`, for packages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::Cli;
use crate::Error;

/// Write manual pages, one per verb.
#[derive(Debug, Args)]
pub struct Man {
    /// Folder to write them to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Man {
    pub fn run(self) -> Result<(), Error> {
        std::fs::create_dir_all(&self.out).map_err(Error::io(&self.out))?;
        clap_mangen::generate_to(Cli::command(), &self.out).map_err(Error::io(&self.out))
    }
}
