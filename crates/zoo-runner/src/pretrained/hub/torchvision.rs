//! torchvision's weights on PyTorch's server.

use std::path::{Path, PathBuf};

use zoo_data::cache_dir;
use zoo_training::progress::Show;

use super::{super::entry::layouts, check_online};
use crate::{Error, download::Download};

/// Where PyTorch publishes torchvision's weights.
const PYTORCH: &str = "https://download.pytorch.org/models";

/// The file of a network in the cache, fetched if it is not there yet.
///
/// # Errors
///
/// Those of [`Published::fetch`](super::Published::fetch).
pub fn fetch(model: &str, show: Show) -> Result<PathBuf, Error> {
    let folder = cache_dir()?.join("weights/torchvision").join(model);
    let download = download(model, &folder)?;
    if !download.path.exists() {
        let place = format!("put it at {}", zoo_data::shown(&download.path));
        check_online(&download.url, &place)?;
    }
    download.fetch(show)?;
    Ok(download.path)
}

fn download(model: &str, folder: &Path) -> Result<Download, Error> {
    let files = || layouts(Some("torchvision")).into_iter().flat_map(|layout| layout.published);
    let (_, file) = files().find(|(known, _)| *known == model).ok_or_else(|| {
        let known: Vec<&str> = files().map(|(model, _)| *model).collect();
        let known = known.join(", ");
        Error::Usage(format!("pretrained torchvision/{model}: expected one of {known}"))
    })?;
    let hash = file.rsplit_once('-').and_then(|(_, end)| end.strip_suffix(".pth"));
    Ok(Download {
        url: format!("{PYTORCH}/{file}"),
        path: folder.join(file),
        bytes: None,
        sha256: hash.map(String::from),
    })
}
