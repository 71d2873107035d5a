//! `zoo datasets`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use zoo_data::{DATASETS, Info, shown};
use zoo_training::words::unknown;

use super::{Output, print, print_json, table};
use crate::{
    Error,
    download::{Download, Fetched},
    report::rows_of,
};

/// List the data sets, or download one.
#[derive(Debug, Args)]
pub struct Datasets {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Download the missing files of a data set.
    Fetch(Fetch),
}

/// Download the missing files of a data set, continuing interrupted downloads.
#[derive(Debug, Args)]
struct Fetch {
    /// Name of the data set.
    name: String,
    /// Folder to download to, instead of the cache folder in which configs without `root` look.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl Datasets {
    pub fn run(self, output: Output) -> Result<(), Error> {
        match self.verb {
            Some(Verb::Fetch(fetch)) => fetch.run(output),
            None => list(output),
        }
    }
}

fn list(output: Output) -> Result<(), Error> {
    if output.json {
        let rows = DATASETS.iter().map(|info| {
            json!({
                "dataset": info.name,
                "about": info.about,
                "classes": info.classes,
                "channels": info.channels,
                "image_size": info.image_size,
                "source": info.source,
                "can_be_fetched": !info.files.is_empty(),
            })
        });
        return print_json(&rows.collect::<Vec<_>>());
    }
    print(&table(&rows_of(
        DATASETS,
        &[
            ("dataset", &|info| info.name.to_string()),
            ("classes", &|info| {
                info.classes.map_or(String::from("its own"), |number| number.to_string())
            }),
            ("image", &|info| format!("{0}x{1}x{1}", info.channels, info.image_size)),
            ("about", &|info| match info.files {
                [] => format!("{} Files: {}.", info.about, info.source),
                _ => format!("{} Files: zoo datasets fetch {}.", info.about, info.name),
            }),
        ],
    )))
}

impl Fetch {
    fn run(self, output: Output) -> Result<(), Error> {
        let info = find(&self.name)?;
        let root = self.root.map_or_else(|| info.cache_dir(), Ok)?;
        for file in info.files {
            let download = Download {
                url: file.url.to_string(),
                path: root.join(file.name()),
                bytes: Some(file.bytes),
                sha256: Some(file.sha256.to_string()),
            };
            let fetched = download.fetch(output.show())?;
            if !output.quiet {
                let how = match fetched {
                    Fetched::Before => "already present",
                    Fetched::Now => "fetched",
                };
                eprintln!("{}: {how}, {} bytes, SHA-256 verified", file.name(), file.bytes);
            }
        }
        match output.json {
            true => print_json(&json!({"dataset": info.name, "root": shown(&root)})),
            false => print(&shown(&root)),
        }
    }
}

/// The data set with that name, if it can be fetched.
fn find(name: &str) -> Result<&'static Info, Error> {
    let fetched = DATASETS.iter().filter(|info| !info.files.is_empty()).map(|info| info.name);
    let Some(info) = DATASETS.iter().find(|info| info.name == name) else {
        return Err(Error::Usage(unknown("data set", name, fetched)));
    };
    match info.files {
        [] => Err(Error::Usage(format!("`{name}` cannot be downloaded: {}", info.source))),
        _ => Ok(info),
    }
}
