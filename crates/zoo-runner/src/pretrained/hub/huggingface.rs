//! Weights on the Hugging Face hub, by its own client and in the cache that it shares with Python's.

use std::{env, path::PathBuf};

use hf_hub::{
    Cache, Repo, RepoType,
    api::{
        Progress,
        sync::{ApiBuilder, ApiError, ApiRepo},
    },
};
use indicatif::ProgressBar;
use serde_json::Value;

use super::check_online;
use crate::{Error, progress::Show};

/// Hugging Face's own variable for what shows that one may have a model.
const TOKEN: &str = "HF_TOKEN";
/// Hugging Face's own variable for the folder of its cache.
const HOME: &str = "HF_HOME";
/// How often a download that breaks off is gone on with.
const RETRIES: usize = 3;

/// A model in the cache.
pub struct Snapshot {
    /// The file of weights, with the JSON files that belong to it beside it.
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
    let config = Files::new(model, revision)?.get("config.json", show)?;
    let commit = config.parent().and_then(|folder| folder.file_name()?.to_str());
    let commit = commit.unwrap_or(revision).to_string();
    // All of one commit, whatever is pushed meanwhile.
    let files = Files::new(model, &commit)?;
    let text = std::fs::read_to_string(&config).map_err(Error::io(&config))?;
    if serde_json::from_str::<Value>(&text).is_ok_and(|config| config["model_type"] == "vit") {
        files.get("preprocessor_config.json", show)?;
    }
    Ok(Snapshot { weights: files.get("model.safetensors", show)?, commit })
}

/// The files of a model.
struct Files {
    owner: String,
    cache: Cache,
    repo: Repo,
    hub: ApiRepo,
}

impl Files {
    fn new(model: &str, revision: &str) -> Result<Self, Error> {
        // The client panics where it has no folder for its cache.
        if env::var(HOME).is_err() && env::home_dir().is_none() {
            let what =
                format!("no home folder, and so no cache for {model}: set {HOME} to a folder");
            return Err(Error::Usage(what));
        }
        let repo = Repo::with_revision(model.to_string(), RepoType::Model, revision.to_string());
        let mut builder = ApiBuilder::from_env().with_retries(RETRIES);
        if let Ok(token) = env::var(TOKEN) {
            builder = builder.with_token(Some(token));
        }
        let hub = builder.build().map_err(|error| Error::Failed(error.to_string()))?;
        let owner = model.split('/').next().unwrap_or(model).to_string();
        Ok(Self { owner, cache: Cache::from_env(), hub: hub.repo(repo.clone()), repo })
    }

    fn get(&self, name: &str, show: Show) -> Result<PathBuf, Error> {
        if let Some(path) = self.cache.repo(self.repo.clone()).get(name) {
            return Ok(path);
        }
        let url = self.hub.url(name);
        check_online(&url, "give the path of the weights instead of their name")?;
        let bar = Bar(show.bytes_bar(name.to_string(), None));
        self.hub.download_with_progress(name, bar).map_err(|error| {
            Error::Failed(format!(
                "cannot fetch {url}: {}; check the name and the network, set {TOKEN} if the model is not open \
                 to all, or get the files by hand and give the path of the weights (there is no folder `{}` here)",
                reason(&error),
                self.owner
            ))
        })
    }
}

/// What went wrong, without the layers that have told it.
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
