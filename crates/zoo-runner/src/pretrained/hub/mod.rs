//! Weights by the name under which they are published.

mod cache;
mod huggingface;
mod torchvision;

use std::{
    env,
    path::{Path, PathBuf},
};

use zoo_training::progress::Show;

use crate::Error;

/// Hugging Face's own variable that forbids the network.
const OFFLINE: &str = "HF_HUB_OFFLINE";
/// The owner of the weights that PyTorch's server has.
const TORCHVISION: &str = "torchvision";
/// How names of files end.
const FILES: [&str; 5] = [".safetensors", ".pth", ".pt", ".bin", ".json"];

/// Weights that are published: `torchvision/alexnet`, or `OWNER/MODEL` of the Hugging Face hub, with
/// `@REVISION` behind it where another than `main` is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    owner: String,
    model: String,
    revision: String,
}

/// Published weights on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The weights file, with its JSON files beside it.
    pub weights: PathBuf,
    /// The name under which they are the same for ever: with a commit of the hub, or a file of
    /// torchvision, whose name holds its hash.
    pub name: String,
}

impl Published {
    /// The weights that `name` means, unless it means a place on this machine: one that is there, or
    /// whose first folder is.
    pub fn parse(name: &str) -> Option<Self> {
        let is_word = |word: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            !word.is_empty() && !word.starts_with('.') && word.chars().all(is_plain)
        };
        let (path, revision) = name.split_once('@').unwrap_or((name, "main"));
        let (owner, model) = path.split_once('/')?;
        let is_file = FILES.iter().any(|ending| model.ends_with(ending));
        let is_name = [owner, model, revision].into_iter().all(is_word);
        (is_name && !is_file && !Path::new(owner).exists()).then(|| Self {
            owner: owner.to_string(),
            model: model.to_string(),
            revision: revision.to_string(),
        })
    }

    /// The weights in the cache, fetched if they are not there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Download`] or [`Error::Failed`] if there is no network, no such model or no weights of it,
    /// [`Error::Usage`] if the network is forbidden or torchvision has no such model.
    pub fn fetch(&self, show: Show) -> Result<Fetched, Error> {
        let path = format!("{}/{}", self.owner, self.model);
        if self.owner == TORCHVISION {
            let weights = torchvision::fetch(&self.model, show)?;
            return Ok(Fetched { weights, name: path });
        }
        let huggingface::Snapshot { weights, commit } =
            huggingface::fetch(&path, &self.revision, show)?;
        Ok(Fetched { weights, name: format!("{path}@{commit}") })
    }
}

/// Refuses to fetch `url` where the network is forbidden, as Hugging Face's library understands it;
/// `instead` is what a user can do.
fn check_online(url: &str, instead: &str) -> Result<(), Error> {
    let value = env::var(OFFLINE).unwrap_or_default().to_ascii_lowercase();
    match ["1", "on", "yes", "true"].contains(&value.as_str()) {
        true => Err(Error::Usage(format!(
            "{OFFLINE} forbids downloading {url}; unset it, or get the file by other means and {instead}"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_are_told_from_places() {
        let parse = |name| Published::parse(name).map(|p| (p.owner, p.model, p.revision));
        let parts = |parts: [&str; 3]| {
            let [owner, model, revision] = parts.map(String::from);
            Some((owner, model, revision))
        };
        assert_eq!(
            parse("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k"),
            parts(["timm", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "main"])
        );
        assert_eq!(parse("google/vit@abc123"), parts(["google", "vit", "abc123"]));
        // The tests run in the crate's folder, in which there is `src`.
        for place in [
            "src/vit",
            "vit.safetensors",
            "x/vit.pth",
            "runs/a/model.safetensors",
            "../x",
            "/x/y",
            "./x",
        ] {
            assert_eq!(parse(place), None, "{place}");
        }
    }
}
