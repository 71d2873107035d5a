//! MNIST: handwritten digits. LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (<https://doi.org/10.1109/5.726791>).

use super::{Dataset, FilesConfig, Info, idx};
use crate::DataError;
use crate::preprocess::Normalize;

const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(super) static INFO: Info = Info {
    name: "mnist",
    about: "Handwritten digits, 60,000 to train on and 10,000 to test.",
    classes: Some(CLASSES.len()),
    channels: 1,
    image_size: 28,
    own_test: true,
    source: "download the four files from https://storage.googleapis.com/cvdf-datasets/mnist/",
    normalize: Normalize::Mnist,
};

/// Reads the four files in `root`, gzipped or not; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    idx::open(&INFO, &CLASSES, config)
}
