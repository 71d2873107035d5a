//! Weights on the Hugging Face hub, by its own client and in the cache that it shares with Python's.

use std::{collections::BTreeSet, env, path::PathBuf};

use hf_hub::{
    Repo, RepoType,
    api::{
        Progress,
        sync::{ApiBuilder, ApiError, ApiRepo},
    },
};
use indicatif::ProgressBar;
use serde_json::Value;
use zoo_training::progress::Show;

use super::{
    cache::{Folders, HOME, TOKEN},
    check_online,
};
use crate::{
    Error,
    pretrained::{
        locate,
        sidecar::{self, open_clip},
        source::shards,
    },
};

/// Hugging Face's own variable for a server that has its models, too.
const ENDPOINT: &str = "HF_ENDPOINT";
/// How often an interrupted download is retried.
const RETRIES: usize = 3;

/// A model in the cache.
pub struct Snapshot {
    /// The weights file, with its JSON files beside it.
    pub weights: PathBuf,
    /// The commit that it is of.
    pub commit: String,
}

/// A model of the hub at a branch, tag or commit, in the cache, fetched as far as it is not there yet.
///
/// # Errors
///
/// Those of [`Published::fetch`](super::Published::fetch).
pub fn fetch(model: &str, revision: &str, show: Show) -> Result<Snapshot, Error> {
    let config = Files::new(model, revision)?.config(show)?;
    let commit = config.parent().and_then(|folder| folder.file_name()?.to_str());
    let commit = commit.unwrap_or(revision).to_string();
    // All of one commit, whatever is pushed meanwhile.
    let files = Files::new(model, &commit)?;
    let text = std::fs::read_to_string(&config).map_err(Error::io(&config))?;
    if serde_json::from_str::<Value>(&text).is_ok_and(|config| config["model_type"].is_string()) {
        files.look("preprocessor_config.json", show)?;
    }
    Ok(Snapshot { weights: files.weights(show)?, commit })
}

/// The files of a model.
struct Files {
    model: String,
    folders: Folders,
    repo: Repo,
    hub: ApiRepo,
}

impl Files {
    fn new(model: &str, revision: &str) -> Result<Self, Error> {
        let folders = Folders::from_env().ok_or_else(|| {
            let what = format!("no home folder, so no cache for {model}: set {HOME} to a folder");
            Error::Usage(what)
        })?;
        let repo = Repo::with_revision(model.to_string(), RepoType::Model, revision.to_string());
        let mut builder = ApiBuilder::from_cache(folders.cache())
            .with_token(folders.token())
            .with_retries(RETRIES);
        if let Ok(endpoint) = env::var(ENDPOINT) {
            builder = builder.with_endpoint(endpoint);
        }
        let hub = builder.build().map_err(|error| Error::Failed(error.to_string()))?;
        Ok(Self { model: model.to_string(), folders, hub: hub.repo(repo.clone()), repo })
    }

    /// The file that says what the network is: open_clip has one of its own, and often no other.
    fn config(&self, show: Show) -> Result<PathBuf, Error> {
        let names = [sidecar::CONFIG, open_clip::CONFIG];
        if let Some(cached) = names.iter().find_map(|name| self.folders.find(&self.repo, name)) {
            return Ok(cached);
        }
        match self.fetch(sidecar::CONFIG, show)? {
            Ok(path) => Ok(path),
            Err(error) if is_not_there(&error) => {
                let other = self.fetch(open_clip::CONFIG, show)?;
                other.map_err(|_| self.refuse(sidecar::CONFIG, &error))
            }
            Err(error) => Err(self.refuse(sidecar::CONFIG, &error)),
        }
    }

    /// The weights, in one file or in several that an index names.
    fn weights(&self, show: Show) -> Result<PathBuf, Error> {
        let cached = locate::NAMES.iter().find_map(|name| self.folders.find(&self.repo, name));
        let mut found = cached;
        for name in locate::NAMES {
            if found.is_none() {
                found = self.look(name, show)?;
            }
        }
        let weights = found.ok_or_else(|| {
            let expected = locate::NAMES.join(", ");
            Error::Failed(format!("{} has no weights: expected one of {expected}", self.model))
        })?;
        let is_index = weights.extension().is_some_and(|ending| ending == "json");
        let parts = if is_index { shards(&weights)? } else { BTreeSet::new() };
        parts.iter().try_for_each(|part| self.get(part, show).map(drop))?;
        Ok(weights)
    }

    /// A file that the model must have.
    fn get(&self, name: &str, show: Show) -> Result<PathBuf, Error> {
        let fetched = self.fetch(name, show)?;
        fetched.map_err(|error| self.refuse(name, &error))
    }

    /// A file that the model may have.
    fn look(&self, name: &str, show: Show) -> Result<Option<PathBuf>, Error> {
        if self.folders.knows_none(&self.repo, name) {
            return Ok(None);
        }
        match self.fetch(name, show)? {
            Ok(path) => Ok(Some(path)),
            Err(error) if is_not_there(&error) => {
                self.folders.note_none(&self.repo, name);
                Ok(None)
            }
            Err(error) => Err(self.refuse(name, &error)),
        }
    }

    /// A file in the cache, fetched if it is not there yet.
    fn fetch(&self, name: &str, show: Show) -> Result<Result<PathBuf, ApiError>, Error> {
        if let Some(path) = self.folders.find(&self.repo, name) {
            return Ok(Ok(path));
        }
        check_online(&self.hub.url(name), &self.instead())?;
        let bar = Bar(show.bytes_bar(name.to_string(), None));
        Ok(self.hub.download_with_progress(name, bar))
    }

    /// What a user can do where the network is forbidden.
    fn instead(&self) -> String {
        let instead = "give the path to the weights instead of their name";
        let commits = self.folders.commits(&self.repo);
        match commits.is_empty() || self.folders.commit(&self.repo).is_some() {
            true => instead.to_string(),
            false => format!("{instead}; the cache has {}@{}", self.model, commits.join(" and @")),
        }
    }

    fn refuse(&self, name: &str, error: &ApiError) -> Error {
        let owner = self.model.split('/').next().unwrap_or(&self.model);
        Error::Failed(format!(
            "cannot download {}: {}; check the name and your connection, set {TOKEN} if access to the model is \
             restricted, or get the files by other means and give the path to the weights (there is no folder \
             `{owner}` here)",
            self.hub.url(name),
            reason(error),
        ))
    }
}

/// Whether the hub has answered that there is no such file.
fn is_not_there(error: &ApiError) -> bool {
    matches!(error, ApiError::RequestError(error) if matches!(**error, ureq::Error::StatusCode(404)))
}

/// What went wrong, without the wrapping errors.
fn reason(error: &ApiError) -> String {
    match error {
        ApiError::RequestError(error) => error.to_string(),
        ApiError::TooManyRetries(error) => reason(error),
        error => error.to_string(),
    }
}

/// Shows how a file comes in.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn init(&mut self, size: usize, _: &str) {
        self.0.set_length(size as u64);
        self.0.set_position(0);
    }

    fn update(&mut self, size: usize) {
        self.0.inc(size as u64);
    }

    fn finish(&mut self) {
        self.0.finish_and_clear();
    }
}
