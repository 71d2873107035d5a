//! MNIST: handwritten digits. LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (<https://doi.org/10.1109/5.726791>).

use super::{Dataset, FilesConfig, Info, RemoteFile, idx};
use crate::{DataError, preprocess::Normalize};

const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(super) static INFO: Info = Info {
    name: "mnist",
    about: "Handwritten digits, 60,000 for training and 10,000 for testing.",
    classes: Some(CLASSES.len()),
    channels: 1,
    image_size: 28,
    own_test: true,
    source: "download the four files from https://storage.googleapis.com/cvdf-datasets/mnist/",
    files: &[
        RemoteFile {
            url: "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        },
        RemoteFile {
            url: "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
            bytes: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        },
        RemoteFile {
            url: "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        },
        RemoteFile {
            url: "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
            bytes: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ],
    normalize: Normalize::Mnist,
};

/// Reads the four files in `root`, gzipped or not; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    idx::open(&INFO, &CLASSES, config)
}
