//! CIFAR-100 with its fine labels. Krizhevsky, "Learning Multiple Layers of Features from Tiny
//! Images" (<https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>).

use super::{
    Dataset, FilesConfig, Info, RemoteFile,
    cifar::{self, CifarSet},
};
use crate::{DataError, preprocess::Normalize};

#[rustfmt::skip]
const CLASSES: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
    "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
    "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
    "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
];

pub(super) static INFO: Info = Info {
    name: "cifar100",
    about: "Small colour photos of a hundred kinds of objects, 50,000 for training and 10,000 for \
            testing.",
    classes: Some(CLASSES.len()),
    channels: 3,
    image_size: 32,
    own_test: true,
    source: "download cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    files: &[RemoteFile {
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        bytes: 168_513_733,
        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    }],
    normalize: Normalize::Cifar100,
};

pub(super) static SET: CifarSet = CifarSet {
    info: &INFO,
    archive: "cifar-100-binary.tar.gz",
    folder: "cifar-100-binary",
    train: &["train.bin"],
    train_records: 50_000,
    test: "test.bin",
    test_records: 10_000,
    // A coarse label goes before the fine one.
    label_bytes: 2,
    names: "fine_label_names.txt",
    classes: &CLASSES,
};

/// Reads the archive or what was in it; the valid split is taken from the train images.
pub(super) fn open(config: &FilesConfig) -> Result<Dataset, DataError> {
    cifar::open(&SET, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_alphabetical_order() {
        assert!(CLASSES.is_sorted());
    }
}
