//! Fashion-MNIST: clothes. Xiao et al., "Fashion-MNIST: a Novel Image Dataset" (<https://arxiv.org/abs/1708.07747>).

use super::{Dataset, FilesConfig, Info, idx};
use crate::DataError;
use crate::preprocess::Normalize;

const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

pub(super) static INFO: Info = Info {
    name: "fashion-mnist",
    about: "Clothes in grey, 60,000 to train on and 10,000 to test; harder than MNIST in the same format.",
    classes: Some(CLASSES.len()),
    channels: 1,
    image_size: 28,
    own_test: true,
    source: "download the four files from https://github.com/zalandoresearch/fashion-mnist",
    normalize: Normalize::FashionMnist,
};

/// Reads the four files in `root`, gzipped or not; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    idx::open(&INFO, &CLASSES, config)
}
