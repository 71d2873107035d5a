use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{
    super::{SplitName, fashion_mnist::INFO},
    *,
};
use crate::{DataConfig, Image};

fn images(count: u8) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28];
    file.extend((0..count).flat_map(|index| [index; 28 * 28]));
    file
}

/// Labels 0 to 9 and over again.
fn labels(count: u8) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 1, 0, 0, 0, count];
    file.extend((0..count).map(|index| index % 10));
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder of 50 train images, gzipped, and 20 test images.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    write("train-images-idx3-ubyte.gz", gzip(&images(50)));
    write("train-labels-idx1-ubyte.gz", gzip(&labels(50)));
    write("t10k-images-idx3-ubyte", images(20));
    write("t10k-labels-idx1-ubyte", labels(20));
    folder
}

fn open(folder: &TempDir) -> Result<Dataset, DataError> {
    let json =
        serde_json::json!({"fashion-mnist": {"root": folder.path(), "split": {"valid": 0.2}}});
    serde_json::from_value::<DataConfig>(json).unwrap().open()
}

/// What opening says when one file has other bytes.
fn message(name: &str, bytes: &[u8]) -> String {
    let folder = folder();
    fs::write(folder.path().join(name), bytes).unwrap();
    let message = open(&folder).unwrap_err().to_string();
    message.replace(&folder.path().display().to_string(), "ROOT")
}

#[test]
fn reads_gzipped_and_plain_files() {
    let dataset = open(&folder()).unwrap();
    assert_eq!(dataset.classes[9], "Ankle boot");
    assert_eq!(dataset.preprocess.mean, [0.2860]);
    assert_eq!(dataset.train.class_counts(10), [4; 10]);
    assert_eq!(dataset.valid.class_counts(10), [1; 10]);
    let test = dataset.split(SplitName::Test).unwrap();
    assert_eq!(test.len(), 20);
    let sample = test.sample(17).unwrap();
    assert_eq!((sample.index, sample.label), (17, 7));
    assert_eq!(sample.image, Image::filled(28, 28, &[17]));
    assert_eq!(test.name(17), "fashion-mnist test #17");
}

#[test]
fn a_lying_header_is_told_with_both_numbers() {
    let mut more = labels(20);
    more[7] = 21;
    assert_eq!(
        message("t10k-labels-idx1-ubyte", &more),
        "ROOT/t10k-labels-idx1-ubyte should contain 29 bytes (its header says [21]), but contains 28; copy or download it again"
    );
    let mut huge = images(20);
    huge[4..16].fill(0xff);
    assert_eq!(
        message("t10k-images-idx3-ubyte", &huge),
        "ROOT/t10k-images-idx3-ubyte should contain 79228162458924105385300197391 bytes (its \
         header says [4294967295, 4294967295, 4294967295]), but contains 15696; copy or \
         download it again"
    );
    assert_eq!(
        message("t10k-images-idx3-ubyte", &images(20)[..10]),
        "ROOT/t10k-images-idx3-ubyte should contain 16 bytes (its header alone), but contains 10; copy or download it again"
    );
}

#[test]
fn other_files_are_refused() {
    assert_eq!(
        message("t10k-images-idx3-ubyte", &labels(20)),
        "ROOT/t10k-images-idx3-ubyte is not an IDX file of images: it should begin with [00, 00, 08, 03], \
         but begins with [00, 00, 08, 01]"
    );
    assert!(message("t10k-images-idx3-ubyte", b"").ends_with("but begins with []"));
}

#[test]
fn a_cut_gzip_file_is_told() {
    let whole = gzip(&images(50));
    let cut = &whole[..whole.len() / 2];
    assert_eq!(
        message("train-images-idx3-ubyte.gz", cut),
        "ROOT/train-images-idx3-ubyte.gz is truncated: its gzip data end too early; copy or download it again"
    );
}

#[test]
fn images_of_another_size_are_refused() {
    let mut small = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    small.extend([0; 6]);
    assert_eq!(
        message("t10k-images-idx3-ubyte", &small),
        "ROOT/t10k-images-idx3-ubyte says that its images are 2 x 3 pixels (height x width), but fashion-mnist has 28 x 28"
    );
}

#[test]
fn labels_must_fit() {
    assert_eq!(
        message("t10k-labels-idx1-ubyte", &labels(19)),
        "ROOT/t10k-labels-idx1-ubyte contains 19 labels, but there are 20 images beside it; the two files belong to different data sets"
    );
    let mut wrong = labels(20);
    wrong[8 + 5] = 10;
    assert_eq!(
        message("t10k-labels-idx1-ubyte", &wrong),
        "ROOT/t10k-labels-idx1-ubyte: label #5 is 10, but the labels of 10 classes are 0 to 9"
    );
}

#[test]
fn a_missing_file_is_named_with_its_origin() {
    let folder = folder();
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let message = open(&folder).unwrap_err().to_string();
    let path = folder.path().join("t10k-labels-idx1-ubyte");
    assert_eq!(
        message,
        format!(
            "{} does not exist; nor does t10k-labels-idx1-ubyte.gz beside it; {}",
            path.display(),
            INFO.advice(Some(folder.path()))
        )
    );
}

#[test]
fn the_fingerprint_tells_content_and_split() {
    let base = open(&folder()).unwrap().fingerprint();
    assert_eq!(open(&folder()).unwrap().fingerprint(), base);
    assert_eq!(base.len(), 64);

    let changed = folder();
    let mut images = images(20);
    images[100] ^= 1;
    fs::write(changed.path().join("t10k-images-idx3-ubyte"), images).unwrap();
    assert_ne!(open(&changed).unwrap().fingerprint(), base);

    let mut dataset = open(&folder()).unwrap();
    std::mem::swap(&mut dataset.train, &mut dataset.valid);
    assert_ne!(dataset.fingerprint(), base);
}
