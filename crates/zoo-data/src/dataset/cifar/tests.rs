//! Tests of the CIFAR reader, on sets of 40 train and 10 test records a file.

use std::fs;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{
    super::{cifar10, cifar100},
    *,
};
use crate::{Image, dataset::SplitConfig};

/// CIFAR-10 with fewer records.
static SMALL: CifarSet = CifarSet { train_records: 40, test_records: 10, ..cifar10::SET };

/// A record whose planes are 1, 2 and 3 more than the label, the first pixel 0 0 0.
fn record(prefix: &[u8]) -> Vec<u8> {
    let label = *prefix.last().unwrap();
    let mut record = prefix.to_vec();
    for plane in 1..=3 {
        record.push(0);
        record.extend([label + plane; PIXELS - 1]);
    }
    record
}

fn records(count: usize) -> Vec<u8> {
    (0..count).flat_map(|index| record(&[(index % 10) as u8])).collect()
}

fn files() -> Files {
    let mut files: Files = SMALL.train.iter().map(|&name| (name.to_owned(), records(40))).collect();
    files.insert(SMALL.test.to_owned(), records(10));
    files.insert(SMALL.names.to_owned(), b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".to_vec());
    files
}

fn write_folder(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn archive(files: &Files) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{}/{name}", SMALL.folder), &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn open_at(root: &Path) -> Result<Dataset, DataError> {
    let config = FilesConfig {
        root: Some(root.to_owned()),
        split: SplitConfig { valid: 0.25, ..SplitConfig::default() },
        preprocess: Default::default(),
    };
    open(&SMALL, &config)
}

/// What opening says when the folder holds these files.
fn folder_message(change: impl FnOnce(&mut Files)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files();
    change(&mut files);
    write_folder(folder.path(), &files);
    told(&folder)
}

/// What opening says when the folder holds this archive.
fn archive_message(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SMALL.archive), bytes).unwrap();
    told(&folder)
}

fn told(folder: &TempDir) -> String {
    let message = open_at(folder.path()).unwrap_err().to_string();
    message.replace(&folder.path().display().to_string(), "ROOT")
}

#[test]
fn every_place_gives_the_same_dataset() {
    let home = tempfile::tempdir().unwrap();
    let (direct, holding, packed) =
        (home.path().join("direct"), home.path().join("holding"), home.path().join("packed"));
    write_folder(&direct, &files());
    write_folder(&holding.join(SMALL.folder), &files());
    fs::create_dir(&packed).unwrap();
    let tarball = packed.join(SMALL.archive);
    fs::write(&tarball, archive(&files())).unwrap();

    let fingerprint = open_at(&direct).unwrap().fingerprint();
    for root in [&holding, &packed, &tarball] {
        assert_eq!(open_at(root).unwrap().fingerprint(), fingerprint, "{}", root.display());
    }
}

#[test]
fn records_become_images() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &files());
    let dataset = open_at(folder.path()).unwrap();
    assert_eq!(dataset.classes, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    assert_eq!(dataset.train.class_counts(10), [15; 10]);
    assert_eq!(dataset.valid.class_counts(10), [5; 10]);
    let sample = dataset.test.unwrap().sample(4).unwrap();
    let mut expected = Image::filled(32, 32, &[5, 6, 7]);
    expected.row_mut(0)[..3].fill(0);
    assert_eq!((sample.label, sample.image), (4, expected));
}

#[test]
fn class_names_are_built_in_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files();
    files.remove(SMALL.names);
    write_folder(folder.path(), &files);
    assert_eq!(open_at(folder.path()).unwrap().classes[9], "truck");
}

#[test]
fn the_label_of_cifar100_is_the_second_byte() {
    let set = CifarSet { train_records: 100, test_records: 100, ..cifar100::SET };
    let all: Vec<u8> = (0..100).flat_map(|label| record(&[7, label])).collect();
    let files = vec![("train.bin", all)];
    let source = source(&set, Path::new("x"), files, "train").unwrap();
    let labels: Vec<usize> =
        (0..100).map(|index| crate::dataset::ImageSource::label(&source, index)).collect();
    assert_eq!(labels, (0..100).collect::<Vec<usize>>());
}

#[test]
fn wrong_lengths_are_told() {
    assert_eq!(
        folder_message(|files| files.get_mut("data_batch_3.bin").unwrap().truncate(100_000)),
        "ROOT/data_batch_3.bin should contain 122920 bytes (40 images of 3073 bytes), but contains 100000; copy or download it again"
    );
    let mut short = files();
    short.get_mut("test_batch.bin").unwrap().truncate(3073 * 9);
    assert_eq!(
        archive_message(&archive(&short)),
        "ROOT/cifar-10-binary.tar.gz/test_batch.bin should contain 30730 bytes (10 images of 3073 \
         bytes), but contains 27657; copy or download it again"
    );
}

#[test]
fn cut_archives_are_told() {
    let whole = archive(&files());
    for length in [20, whole.len() / 2, whole.len() - 20] {
        assert_eq!(
            archive_message(&whole[..length]),
            "ROOT/cifar-10-binary.tar.gz is truncated: its gzip data end too early; copy or download it again",
            "{length} of {} bytes",
            whole.len()
        );
    }
}

#[test]
fn missing_files_are_told() {
    let mut files = files();
    files.remove("data_batch_2.bin");
    assert_eq!(
        archive_message(&archive(&files)),
        format!(
            "ROOT/cifar-10-binary.tar.gz/data_batch_2.bin does not exist; it should be in the archive; {}",
            SMALL.info.source
        )
    );
    assert_eq!(
        folder_message(|files| drop(files.remove("data_batch_2.bin"))),
        format!(
            "ROOT/data_batch_2.bin does not exist; it should be beside the others; {}",
            SMALL.info.source
        )
    );
    assert_eq!(
        folder_message(Files::clear),
        format!(
            "ROOT/cifar-10-binary.tar.gz does not exist; nor does the unpacked cifar-10-batches-bin \
             beside it; download them with `zoo datasets fetch cifar10 --root ROOT`, or {}",
            SMALL.info.source
        )
    );
}

#[test]
fn an_archive_is_read_and_never_unpacked_to_where_it_says() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b");
    fs::create_dir_all(&folder).unwrap();
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        // The builder itself refuses such a path.
        let outside = format!("../../{name}");
        header.as_old_mut().name[..outside.len()].copy_from_slice(outside.as_bytes());
        header.set_cksum();
        builder.append(&header, &bytes[..]).unwrap();
    }
    fs::write(folder.join(SMALL.archive), builder.into_inner().unwrap().finish().unwrap()).unwrap();
    assert_eq!(open_at(&folder).unwrap().train.len(), 150);
    let files_in = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!([home.path(), &home.path().join("a"), &folder].map(files_in), [1, 1, 1]);
}

#[test]
fn wrong_labels_and_names_are_told() {
    assert_eq!(
        folder_message(|files| files.get_mut("data_batch_1.bin").unwrap()[2 * 3073] = 10),
        "ROOT/data_batch_1.bin: label #2 is 10, but the labels of 10 classes are 0 to 9"
    );
    assert_eq!(
        folder_message(|files| files.get_mut(SMALL.names).unwrap().truncate(4)),
        "ROOT/batches.meta.txt should name 10 classes, one per line, but names 2"
    );
}
