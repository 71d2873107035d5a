//! `zoo config`.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use serde_json::json;
use zoo_data::shown;

use super::{Output, flags::Sets, print, print_json, table};
use crate::{
    Error,
    config::{
        RunConfig,
        commented::commented,
        shipped,
        start::{Start, start},
    },
};

/// Write a config to start from, check one, fill in its defaults, or print the JSON Schema.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Write a config to start from, with a comment on every setting.
    Init(Init),
    /// List the shipped configs, which every verb takes by their names.
    List,
    /// Print the JSON Schema, with which editors complete and check configs.
    Schema,
    /// Check a config as far as possible without its data.
    Check(ConfigFile),
    /// Print a config with every default filled in.
    Show(ConfigFile),
}

/// What the config shall train.
#[derive(Debug, Args)]
pub struct Init {
    /// The model.
    #[arg(default_value = "cnn")]
    model: String,
    /// The images: a data set of `zoo datasets`, a folder of photos, or a CSV table of photos.
    #[arg(default_value = "sea")]
    data: String,
    /// File to write; by default MODEL-DATA.jsonc in the current folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A config and its overrides.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// The JSON config, or the name of a shipped one.
    config: PathBuf,
    #[command(flatten)]
    sets: Sets,
}

impl Config {
    pub fn run(self, output: Output) -> Result<(), Error> {
        match self {
            Self::Init(init) => init.run(),
            Self::List => list(output),
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

impl Init {
    fn run(self) -> Result<(), Error> {
        let Start { name, config } = start(&self.model, &self.data)?;
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{name}.jsonc")));
        let mut file = File::create_new(&out).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Error::run(&out, "is there already: choose another file by --out")
            }
            _ => Error::io(&out)(error),
        })?;
        file.write_all(commented(&config).as_bytes()).map_err(Error::io(&out))?;
        print(&format!("{0}: train it with: zoo train {0}", shown(&out)))
    }
}

fn list(output: Output) -> Result<(), Error> {
    let config = |name: &'static str| {
        let text = shipped::text(name).unwrap_or_default();
        RunConfig::parse(text, name, &[]).map(|config| (name, config.about))
    };
    let configs = shipped::names().into_iter().map(config).collect::<Result<Vec<_>, Error>>()?;
    if output.json {
        let rows = configs.iter().map(|(name, about)| json!({"config": name, "about": about}));
        return print_json(&rows.collect::<Vec<_>>());
    }
    let rows = configs.into_iter().map(|(name, about)| vec![name.to_string(), about.what]);
    print(&table(&rows.collect::<Vec<_>>()))
}

impl ConfigFile {
    fn load(&self) -> Result<RunConfig, Error> {
        let config = RunConfig::load(&self.config, &self.sets.all)?;
        config.check()?;
        Ok(config)
    }
}
