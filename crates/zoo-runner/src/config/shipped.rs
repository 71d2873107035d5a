//! The configs that the binary carries: those of the folder `configs`.

use std::{io, path::Path};

use include_dir::{Dir, include_dir};
use zoo_data::shown;
use zoo_training::words::unknown;

use crate::Error;

static CONFIGS: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../configs");

/// The names of all shipped configs, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> =
        CONFIGS.files().filter_map(|file| file.path().file_stem()?.to_str()).collect();
    names.sort_unstable();
    names
}

/// The text of a shipped config.
pub fn text(name: &str) -> Option<&'static str> {
    CONFIGS.get_file(format!("{name}.json"))?.contents_utf8()
}

/// The shipped config that `path` is the name of, at which there is no file, as the system's `error`
/// says.
///
/// # Errors
///
/// [`Error::Usage`] with the nearest name, where it is no path either; [`Error::Io`] where it is.
pub fn named(path: &Path, error: io::Error) -> Result<&'static str, Error> {
    let name = path.to_str().unwrap_or_default();
    if let Some(text) = text(name) {
        return Ok(text);
    }
    let is_path = path.extension().is_some() || path.components().count() != 1;
    if !is_path {
        let known = names();
        return Err(Error::Usage(format!(
            "{}: there is no such file; {}",
            shown(path),
            unknown("config", name, known)
        )));
    }
    match path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| text(stem).is_some()) {
        Some(stem) => Err(Error::run(
            path,
            format!(
                "there is no such file; the shipped config is called `{stem}`, without folder and ending"
            ),
        )),
        None => Err(Error::io(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_configs_go_by_their_name() {
        assert!(names().contains(&"quickstart") && names().is_sorted());
        let named = |path| named(Path::new(path), io::Error::from(io::ErrorKind::NotFound));
        assert!(named("quickstart").unwrap().contains("\"sea\""));
        let refused = |path| named(path).unwrap_err().to_string();
        let message = refused("quickstrat");
        let start = "quickstrat: there is no such file; unknown config `quickstrat`, did you mean \
                     `quickstart`? Known: alexnet-cifar10, ";
        assert!(message.starts_with(start), "{message}");
        assert_eq!(
            refused("configs/quickstart.json"),
            "configs/quickstart.json: there is no such file; the shipped config is called \
             `quickstart`, without folder and ending"
        );
        assert_eq!(refused("nowhere.json"), "nowhere.json: entity not found");
    }
}
