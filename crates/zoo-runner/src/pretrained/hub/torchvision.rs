//! torchvision's weights on PyTorch's server.

use std::path::{Path, PathBuf};

use zoo_data::cache_dir;

use super::check_online;
use crate::{Error, download::Download, progress::Show};

/// Where PyTorch publishes torchvision's weights.
const PYTORCH: &str = "https://download.pytorch.org/models";
/// The networks with their files, whose names end in the first digits of their SHA-256.
const FILES: [(&str, &str); 5] = [
    ("alexnet", "alexnet-owt-7be5be79.pth"),
    ("vit_b_16", "vit_b_16-c867db91.pth"),
    ("vit_b_32", "vit_b_32-d86f8d99.pth"),
    ("vit_l_16", "vit_l_16-852ce7e3.pth"),
    ("vit_l_32", "vit_l_32-c7638314.pth"),
];

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
    let file = FILES.iter().find(|(known, _)| *known == model);
    let (_, file) = file.ok_or_else(|| {
        let known: Vec<&str> = FILES.iter().map(|(model, _)| *model).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_carry_their_hash() {
        for (model, file) in FILES {
            let download = download(model, Path::new("cache")).unwrap();
            let hash = download.sha256.unwrap();
            assert!(hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{file}");
            assert_eq!(download.path, Path::new("cache").join(file));
        }
    }
}
