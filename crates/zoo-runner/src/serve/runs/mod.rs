//! What is shown of runs: figures, curves as they grow, and the images behind a confusion matrix.

mod find;
mod follow;
mod images;
mod list;
mod look;

use std::path::PathBuf;

use utoipa_axum::{router::OpenApiRouter, routes};
use zoo_training::words::unknown;

use self::look::Looks;
pub use find::{FoundRun, find_runs};

use super::{Shared, refused::Refused};

/// The runs that are listed.
pub struct Runs {
    /// A folder of runs, looked through at every request: one may have begun meanwhile.
    folder: PathBuf,
    /// Runs elsewhere.
    others: Vec<FoundRun>,
    looks: Looks,
}

impl Runs {
    pub fn new(folder: PathBuf, others: Vec<FoundRun>) -> Self {
        Self { folder, others, looks: Looks::default() }
    }

    /// All of them, in the order of their names.
    fn all(&self) -> Vec<FoundRun> {
        let mut all = find_runs(&self.folder);
        let absolute = |run: &FoundRun| std::path::absolute(&run.path).ok();
        let known: Vec<Option<PathBuf>> = all.iter().map(absolute).collect();
        for other in &self.others {
            if !known.contains(&absolute(other)) && all.iter().all(|run| run.name != other.name) {
                all.push(other.clone());
            }
        }
        all
    }

    /// The run of this name: one of those found, so that no other file can be read.
    ///
    /// # Errors
    ///
    /// 404 with the nearest name.
    fn get(&self, name: &str) -> Result<FoundRun, Refused> {
        let all = self.all();
        let found = all.iter().find(|run| run.name == name).cloned();
        found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|run| run.name.as_str()).collect();
            Refused::unknown(unknown("run", name, names))
        })
    }
}

/// All paths below `/runs`.
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::runs))
        .routes(routes!(list::run))
        .routes(routes!(list::run_metrics))
        .routes(routes!(follow::events))
        .routes(routes!(images::confusion))
        .routes(routes!(images::image))
}
