//! `zoo augment`.

use std::path::PathBuf;

use clap::Args;
use zoo_data::{SplitName, shown};

use super::{Output, check_data, flags::Sets, print};
use crate::{Error, config::RunConfig, overwrite};

/// Draw training images with augmentation applied: originals in the first column, augmented
/// versions beside them.
#[derive(Debug, Args)]
pub struct Augment {
    /// The JSON config.
    config: PathBuf,
    /// The image file to write.
    #[arg(long, value_name = "FILE.png", default_value = "augment.png")]
    out: PathBuf,
    /// Number of images, one per row.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    rows: u64,
    /// Number of augmented versions of each image.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=100))]
    draws: u64,
    #[command(flatten)]
    sets: Sets,
}

impl Augment {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let config = RunConfig::load(&self.config, &self.sets.all)?;
        config.check()?;
        overwrite::check(&self.out, zoo_data::is_saved_here)?;
        let mut data = config.data.open()?;
        check_data(&mut data, &[SplitName::Train], output)?;
        let sheet = zoo_data::contact_sheet(
            &data,
            &config.augment,
            config.seed,
            self.rows as usize,
            self.draws as usize,
        )?;
        sheet.save_png(&self.out)?;
        print(&format!("{}: {}x{} pixels", shown(&self.out), sheet.width(), sheet.height()))
    }
}
