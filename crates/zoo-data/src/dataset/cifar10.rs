//! CIFAR-10. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images"
//! (<https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>).

use super::{
    Dataset, FilesConfig, Info, RemoteFile,
    cifar::{self, CifarSet},
};
use crate::{DataError, preprocess::Normalize};

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

pub(super) static INFO: Info = Info {
    name: "cifar10",
    about: "Small colour photos of animals and vehicles, 50,000 for training and 10,000 for testing.",
    classes: Some(CLASSES.len()),
    channels: 3,
    image_size: 32,
    own_test: true,
    source: "download cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    files: &[RemoteFile {
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        bytes: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    }],
    normalize: Normalize::Cifar10,
};

pub(super) static SET: CifarSet = CifarSet {
    info: &INFO,
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    train_records: 10_000,
    test: "test_batch.bin",
    test_records: 10_000,
    label_bytes: 1,
    names: "batches.meta.txt",
    classes: &CLASSES,
};

/// Reads the archive or what was in it; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    cifar::open(&SET, config)
}

/// Reads what may be an archive of ten train records and a test record.
#[cfg(fuzzing)]
pub(crate) fn fuzz(archive: &[u8]) {
    static SMALL: CifarSet =
        CifarSet { train: &["data_batch_1.bin"], train_records: 10, test_records: 1, ..SET };
    let place = std::path::Path::new("archive");
    let config = FilesConfig { root: Some(place.to_owned()), ..FilesConfig::default() };
    let opened = cifar::unpack(&SMALL, place, archive)
        .and_then(|files| cifar::dataset(&SMALL, &config, place, files));
    if let Ok(dataset) = opened {
        assert_eq!((dataset.train.len() + dataset.valid.len(), dataset.classes.len()), (10, 10));
        dataset.train.sample(0).expect("it is in memory");
    }
}
