//! Weights that a user names, wherever they are.

use std::path::Path;

use burn::tensor::Device;
use zoo_training::progress::Show;

use super::{ImportOptions, Pretrained, hub::Published, import};
use crate::Error;

/// The weights of a run, of a file in any known layout, or those that are published by that name.
///
/// # Errors
///
/// Those of [`import()`], and those of [`Published::fetch`].
pub fn open(
    name: &Path,
    options: &ImportOptions,
    device: &Device,
    show: Show,
) -> Result<Pretrained, Error> {
    let path = match name.to_str().and_then(Published::parse) {
        Some(published) => published.fetch(show)?.weights,
        None if name.exists() => name.to_path_buf(),
        None => return Err(Error::run(name, "no such run, and no such file of weights")),
    };
    import(&path, options, device)
}
