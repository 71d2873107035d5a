//! Which file is meant where a folder with weights is given.

use std::path::{Path, PathBuf};

use zoo_training::run_dir::{find_weights, holds_run};

use crate::Error;

/// What libraries call the weights of a network in a folder of its own. The first that is there is
/// taken, as Hugging Face's transformers does.
pub const NAMES: [&str; 6] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
];
/// How the names of other files of weights end.
const ENDINGS: [&str; 8] =
    [".safetensors", ".index.json", ".pth", ".pt", ".bin", ".th", ".ckpt", ".tar"];

/// The file of weights at `path`: that file itself, or the one that a folder holds.
///
/// # Errors
///
/// [`Error::Run`] if a folder holds none, or several of which none has a name that libraries give.
pub fn locate(path: &Path) -> Result<PathBuf, Error> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    if let Some(known) = NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file()) {
        return Ok(known);
    }
    if holds_run(path) {
        return Ok(find_weights(path)?);
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if ENDINGS.iter().any(|ending| name.ends_with(ending)) && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort();
    match names.as_slice() {
        [] => Err(Error::run(
            path,
            format!("is a folder without weights: expected {} in it", NAMES.join(" or ")),
        )),
        [name] => Ok(path.join(name)),
        _ => Err(Error::run(
            path,
            format!("is a folder with several files of weights, give one: {}", names.join(", ")),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_a_folder_are_found_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let found = || {
            let found = locate(path).map_err(|error| error.to_string())?;
            Ok(found.file_name().unwrap().to_str().unwrap().to_string())
        };
        let refused = |message: &str| Err(format!("{}: {message}", zoo_data::shown(path)));
        assert_eq!(
            found(),
            refused(
                "is a folder without weights: expected model.safetensors or model.safetensors.index.json \
                 or pytorch_model.bin or pytorch_model.bin.index.json or open_clip_model.safetensors or \
                 open_clip_pytorch_model.bin in it"
            )
        );
        // Each with those before it: a single other file, several, and then by what libraries prefer.
        for (name, expected) in [
            ("net.pth", Ok("net.pth")),
            ("notes.txt", Ok("net.pth")),
            ("best.ckpt", Err("best.ckpt, net.pth")),
            ("pytorch_model.bin", Ok("pytorch_model.bin")),
            ("model.safetensors.index.json", Ok("model.safetensors.index.json")),
            ("model.safetensors", Ok("model.safetensors")),
        ] {
            std::fs::write(path.join(name), "").unwrap();
            let several = "is a folder with several files of weights, give one";
            match expected {
                Ok(expected) => assert_eq!(found(), Ok(String::from(expected))),
                Err(names) => assert_eq!(found(), refused(&format!("{several}: {names}"))),
            }
        }
    }
}
