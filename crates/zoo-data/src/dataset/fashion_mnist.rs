//! Fashion-MNIST: clothes. Xiao et al., "Fashion-MNIST: a Novel Image Dataset" (<https://arxiv.org/abs/1708.07747>).

use super::{Dataset, FilesConfig, Info, RemoteFile, idx};
use crate::{DataError, preprocess::Normalize};

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
    about: "Clothes in grey, 60,000 for training and 10,000 for testing; harder than MNIST, in the \
            same format.",
    classes: Some(CLASSES.len()),
    channels: 1,
    image_size: 28,
    own_test: true,
    source: "download the four files from https://github.com/zalandoresearch/fashion-mnist",
    files: &[
        RemoteFile {
            url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
            bytes: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        },
        RemoteFile {
            url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
            bytes: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        },
        RemoteFile {
            url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
            bytes: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        },
        RemoteFile {
            url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
            bytes: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ],
    normalize: Normalize::FashionMnist,
};

/// Reads the four files in `root`, gzipped or not; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    idx::open(&INFO, &CLASSES, config)
}
