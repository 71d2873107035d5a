//! Looking at all images before anything is begun.

use zoo_data::{Dataset, SplitName};
use zoo_training::progress::Show;

use crate::Error;

/// Reads every image of `splits` once, with a bar; refuses or skips those that cannot be read, as
/// the data's settings say.
///
/// # Errors
///
/// [`Error::Data`] with all that cannot be read.
pub fn check_images(data: &mut Dataset, splits: &[SplitName], show: Show) -> Result<(), Error> {
    let images = splits.iter().filter_map(|&name| data.split(name)).map(|split| split.len()).sum();
    let bar = show.bar("checking", images);
    let outcome = data.check_images(splits, || bar.inc(1));
    bar.finish_and_clear();
    Ok(outcome?)
}
