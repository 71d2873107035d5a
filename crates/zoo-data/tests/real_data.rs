//! Tests on real data, in the folder that `ZOO_TEST_DATA` names; without it they pass and say that
//! they were skipped.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use zoo_data::{DataConfig, Dataset, Loader, LoaderConfig, Split, SplitName};

/// The folder of one dataset.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ZOO_TEST_DATA").map(|folder| Path::new(&folder).join(name));
    if folder.is_none() {
        println!("skipped: ZOO_TEST_DATA is not set");
    }
    folder
}

fn open(name: &str, root: PathBuf) -> Dataset {
    let json = serde_json::json!({ name: { "root": root } });
    serde_json::from_value::<DataConfig>(json).unwrap().open().unwrap()
}

/// Mean and standard deviation of each channel of the images in both splits, scaled to 0 to 1.
fn mean_std(splits: [&Split; 2], channels: usize) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0, 0.0); channels];
    for split in splits {
        for position in 0..split.len() {
            let image = split.sample(position).unwrap().image;
            for pixel in image.pixels().chunks_exact(channels) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    let value = f64::from(value) / 255.0;
                    *sum = (sum.0 + 1.0, sum.1 + value, sum.2 + value * value);
                }
            }
        }
    }
    let figures =
        |(n, sum, squares): (f64, f64, f64)| (sum / n, (squares / n - (sum / n).powi(2)).sqrt());
    sums.into_iter().map(figures).collect()
}

fn assert_near(found: &[(f64, f64)], expected: &[(f64, f64)]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let near = (found.0 - expected.0).abs() < 1e-4 && (found.1 - expected.1).abs() < 1e-4;
        assert!(near, "{found:?}, not {expected:?}");
    }
}

fn labels(split: &Split, count: usize) -> Vec<usize> {
    (0..count).map(|position| split.label(position)).collect()
}

#[test]
fn fashion_mnist() {
    let Some(root) = data("fashion-mnist") else { return };
    let dataset = open("fashion-mnist", root);
    assert_eq!(dataset.train.class_counts(10), [5400; 10]);
    assert_eq!(dataset.valid.class_counts(10), [600; 10]);
    let test = dataset.test.as_ref().unwrap();
    assert_eq!(test.class_counts(10), [1000; 10]);
    assert_eq!(labels(test, 10), [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    assert_near(&mean_std([&dataset.train, &dataset.valid], 1), &[(0.2860, 0.3530)]);
}

#[test]
fn cifar10() {
    let Some(root) = data("cifar10") else { return };
    let dataset = open("cifar10", root);
    assert_eq!(dataset.train.class_counts(10), [4500; 10]);
    assert_eq!(dataset.valid.class_counts(10), [500; 10]);
    let test = dataset.test.as_ref().unwrap();
    assert_eq!(test.class_counts(10), [1000; 10]);
    assert_eq!(labels(test, 10), [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    assert_eq!(dataset.classes[3], "cat");
    let expected = [(0.49140, 0.24703), (0.48216, 0.24349), (0.44653, 0.26159)];
    assert_near(&mean_std([&dataset.train, &dataset.valid], 3), &expected);
}

#[test]
fn folder_of_photos() {
    let Some(root) = data("hymenoptera") else { return };
    let mut dataset = open("folder", root);
    assert_eq!(dataset.classes, ["ants", "bees"]);
    assert_eq!(dataset.train.class_counts(2), [60, 60]);
    assert_eq!(dataset.notes, [""; 0]);
    dataset.check_images(&SplitName::ALL, || ()).unwrap();
    assert_eq!(dataset.valid.class_counts(2), [40, 40]);
    assert!(dataset.test.is_none());
    let config = LoaderConfig { batch_size: 40, ..LoaderConfig::default() };
    let loader = Loader::new(&dataset.valid, &dataset.preprocess, &config, &Device::flex());
    let dims: Vec<[usize; 4]> =
        loader.epoch(0, 0).map(|batch| batch.unwrap().images.dims()).collect();
    assert_eq!(dims, [[40, 3, 224, 224]; 2]);
}
