//! Weights by the name under which they are published.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;
use zoo_data::cache_dir;

use crate::{Error, download::Download, progress::Show};

/// Where Hugging Face publishes; the environment variable [`ENDPOINT`] names a mirror.
const HUB: &str = "https://huggingface.co";
/// Hugging Face's own variable for a mirror.
const ENDPOINT: &str = "HF_ENDPOINT";
/// Hugging Face's own variable that forbids the network.
const OFFLINE: &str = "HF_HUB_OFFLINE";
/// Where PyTorch publishes torchvision's weights.
const PYTORCH: &str = "https://download.pytorch.org/models";
/// torchvision's networks with their files, whose names end in the first digits of their SHA-256.
const TORCHVISION: [(&str, &str); 5] = [
    ("alexnet", "alexnet-owt-7be5be79.pth"),
    ("vit_b_16", "vit_b_16-c867db91.pth"),
    ("vit_b_32", "vit_b_32-d86f8d99.pth"),
    ("vit_l_16", "vit_l_16-852ce7e3.pth"),
    ("vit_l_32", "vit_l_32-c7638314.pth"),
];

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

    /// The file of weights in the cache, fetched if it is not there yet, with the JSON files that
    /// belong to it beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Download`] if there is no network or no such model, [`Error::Usage`] if the network
    /// is forbidden or torchvision has no such model.
    pub fn fetch(&self, show: Show) -> Result<PathBuf, Error> {
        let folder = cache_dir()?.join("weights").join(&self.owner).join(&self.model);
        if self.owner == "torchvision" {
            return self.fetch_torchvision(&folder, show);
        }
        let folder = folder.join(&self.revision);
        let config = self.fetch_file(&folder, "config.json", show)?;
        let text = std::fs::read_to_string(&config).map_err(Error::io(&config))?;
        let is_hf = serde_json::from_str::<Value>(&text).is_ok_and(|c| c["model_type"] == "vit");
        if is_hf {
            self.fetch_file(&folder, "preprocessor_config.json", show)?;
        }
        self.fetch_file(&folder, "model.safetensors", show)
    }

    fn fetch_file(&self, folder: &Path, name: &str, show: Show) -> Result<PathBuf, Error> {
        let Self { owner, model, revision } = self;
        let hub = env::var(ENDPOINT).unwrap_or_else(|_| HUB.to_string());
        let url =
            format!("{}/{owner}/{model}/resolve/{revision}/{name}", hub.trim_end_matches('/'));
        fetch(Download { url, path: folder.join(name), bytes: None, sha256: None }, show)
    }

    fn fetch_torchvision(&self, folder: &Path, show: Show) -> Result<PathBuf, Error> {
        let file = TORCHVISION.iter().find(|(model, _)| *model == self.model);
        let (_, file) = file.ok_or_else(|| {
            let known: Vec<&str> = TORCHVISION.iter().map(|(model, _)| *model).collect();
            Error::Usage(format!(
                "pretrained torchvision/{}: expected one of {}",
                self.model,
                known.join(", ")
            ))
        })?;
        let hash = file.rsplit_once('-').and_then(|(_, end)| end.strip_suffix(".pth"));
        let download = Download {
            url: format!("{PYTORCH}/{file}"),
            path: folder.join(file),
            bytes: None,
            sha256: hash.map(String::from),
        };
        fetch(download, show)
    }
}

fn fetch(download: Download, show: Show) -> Result<PathBuf, Error> {
    let is_offline = env::var_os(OFFLINE).is_some_and(|value| !value.is_empty() && value != "0");
    if is_offline && !download.path.exists() {
        return Err(Error::Usage(format!(
            "{OFFLINE} forbids to fetch {}; unset it, or get the file by hand and put it at {}",
            download.url,
            download.path.display()
        )));
    }
    download.fetch(show)?;
    Ok(download.path)
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

    #[test]
    fn files_of_torchvision_carry_their_hash() {
        for (_, file) in TORCHVISION {
            let hash = file.rsplit_once('-').unwrap().1.strip_suffix(".pth").unwrap();
            assert!(hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{file}");
        }
    }
}
