//! Tests of the loader, on a source whose image number `n` is filled with `n`.

use burn::tensor::Tensor;
use sha2::Sha256;

use super::*;
use crate::{Image, Mixed, dataset::ImageSource};

/// Grey images of 2x2 pixels. The one that is broken cannot be read.
struct Numbers {
    broken: Option<usize>,
}

impl ImageSource for Numbers {
    fn label(&self, index: usize) -> usize {
        index % 3
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        if self.broken == Some(index) {
            return Image::decode(&self.name(index), b"rubbish");
        }
        Ok(Image::new(2, 2, 1, vec![index as u8, 0, 0, index as u8]))
    }

    fn name(&self, index: usize) -> String {
        format!("numbers/{index}.png")
    }

    fn stamp(&self, _: &mut Sha256) {}
}

/// Images 100 to 119.
fn split(broken: Option<usize>) -> Split {
    Split::new(Arc::new(Numbers { broken }), (100..120).collect::<Vec<usize>>())
}

fn preprocess() -> Preprocess {
    Preprocess {
        image_size: 2,
        resize: Default::default(),
        crop_ratio: 1.0,
        crop_offset: Default::default(),
        interpolation: Default::default(),
        mean: vec![0.0],
        std: vec![1.0 / 255.0],
    }
}

fn config(workers: usize) -> LoaderConfig {
    LoaderConfig { batch_size: 6, workers, prefetch: 2, sampler: Sampler::Shuffle }
}

fn train(workers: usize) -> Loader {
    let changes: Vec<Augmentation> =
        serde_json::from_str(r#"[{"random-crop": {"padding": 1}}, {"horizontal-flip": {}}]"#)
            .unwrap();
    Loader::new(&split(None), &preprocess(), &config(workers), &Device::flex())
        .shuffled(42)
        .augmented(&changes)
}

fn evaluate(broken: Option<usize>, workers: usize) -> Loader {
    Loader::new(&split(broken), &preprocess(), &config(workers), &Device::flex())
}

/// All that is in a batch: indices, targets and the images' bits.
type Content = (Vec<usize>, Vec<i64>, Vec<u32>);

fn content(batch: Result<Batch, DataError>) -> Content {
    let batch = batch.unwrap();
    let images = batch.images.into_data().try_to_vec::<f32>().unwrap();
    let targets = batch.targets.into_data().iter::<i64>().collect();
    (batch.indices, targets, images.into_iter().map(f32::to_bits).collect())
}

fn contents(batches: impl Iterator<Item = Result<Batch, DataError>>) -> Vec<Content> {
    batches.map(content).collect()
}

#[test]
fn evaluation_keeps_the_order_and_the_last_short_batch() {
    let loader = evaluate(None, 2);
    assert_eq!((loader.num_images(), loader.num_batches()), (20, 4));
    let batches: Vec<Batch> = loader.epoch(0, 0).map(Result::unwrap).collect();
    let indices: Vec<Vec<usize>> = batches.iter().map(|batch| batch.indices.clone()).collect();
    let expected: [Vec<usize>; 4] =
        [(100..106).collect(), (106..112).collect(), (112..118).collect(), vec![118, 119]];
    assert_eq!(indices, expected);
    assert_eq!(batches[3].images.dims(), [2, 1, 2, 2]);
    let (_, targets, images) = content(Ok(batches[3].clone()));
    assert_eq!(targets, [118 % 3, 119 % 3]);
    let images: Vec<f32> = images.into_iter().map(|bits| f32::from_bits(bits).round()).collect();
    assert_eq!(images, [118.0, 0.0, 0.0, 118.0, 119.0, 0.0, 0.0, 119.0]);
}

#[test]
fn batches_are_the_same_for_any_number_of_workers() {
    let alone = contents(train(0).epoch(3, 0));
    assert_eq!(alone.len(), 4);
    for workers in [1, 4] {
        assert_eq!(contents(train(workers).epoch(3, 0)), alone, "{workers} workers");
    }
}

#[test]
fn an_epoch_has_every_image_once_in_an_order_of_its_own() {
    let indices = |epoch| -> Vec<usize> {
        contents(train(2).epoch(epoch, 0)).into_iter().flat_map(|(indices, ..)| indices).collect()
    };
    assert_eq!(indices(0)[..6], [103, 108, 105, 112, 107, 116]);
    assert_ne!(indices(0), indices(1));
    for epoch in [0, 1] {
        let mut sorted = indices(epoch);
        sorted.sort_unstable();
        assert_eq!(sorted, (100..120).collect::<Vec<usize>>());
    }
}

#[test]
fn augmentation_differs_between_epochs() {
    let images = |epoch| {
        let batches = contents(train(1).epoch(epoch, 0));
        let mut images: Vec<(usize, Vec<u32>)> = Vec::new();
        for (indices, _, pixels) in batches {
            images.extend(indices.into_iter().zip(pixels.chunks(4).map(<[u32]>::to_vec)));
        }
        images.sort_unstable();
        images
    };
    assert_ne!(images(0), images(1));
}

/// With MixUp and CutMix in turn.
fn mixed(workers: usize) -> Loader {
    let mix = r#"{"mixup_alpha": 1, "cutmix_alpha": 1, "probability": 0.8, "off_epoch": 2}"#;
    train(workers).mixed(&serde_json::from_str(mix).unwrap())
}

#[test]
fn mixing_is_the_same_for_any_number_of_workers_and_after_a_break() {
    let whole = contents(mixed(0).epoch(1, 0));
    assert_eq!(contents(mixed(3).epoch(1, 0)), whole);
    assert_eq!(contents(mixed(2).epoch(1, 2)), whole[2..]);
    assert_ne!(whole, contents(train(0).epoch(1, 0)));
    assert_eq!(contents(mixed(0).epoch(2, 0)), contents(train(0).epoch(2, 0)));
}

#[test]
fn mixed_batches_bring_the_labels_of_both_images() {
    let batches: Vec<Batch> = mixed(1).epoch(1, 0).map(Result::unwrap).collect();
    let plain: Vec<Batch> = train(1).epoch(1, 0).map(Result::unwrap).collect();
    let shares: Vec<Option<f64>> =
        batches.iter().map(|batch| batch.mixed.as_ref().map(|mixed| mixed.share)).collect();
    assert!(shares.iter().flatten().count() > 1, "{shares:?}");
    for (batch, plain) in batches.into_iter().zip(plain) {
        let Some(Mixed { targets, share }) = batch.mixed else { continue };
        let mut labels: Vec<i64> = batch.targets.into_data().iter().collect();
        let pixels = |images: Tensor<4>| images.into_data().try_to_vec::<f32>().unwrap();
        let (mixed, plain) = (pixels(batch.images), pixels(plain.images));
        // The sum of all pixels is that of the batch: each gives what it does not keep.
        let sums = [&mixed, &plain].map(|pixels| pixels.iter().sum::<f32>());
        assert!((sums[0] - sums[1]).abs() <= 0.5 * mixed.len() as f32, "{share}: {sums:?}");
        labels.rotate_right(1);
        assert_eq!(targets.into_data().iter::<i64>().collect::<Vec<i64>>(), labels);
    }
}

#[test]
fn one_class_or_one_image_cannot_be_mixed() {
    let mix: MixConfig = serde_json::from_str(r#"{"mixup_alpha": 1}"#).unwrap();
    let message =
        |split: &Split, batch_size| mix.check_fits(split, batch_size).unwrap_err().to_string();
    assert!(mix.check_fits(&split(None), 2).is_ok());
    assert_eq!(message(&split(None), 1), "`mix`: expected off for batches of one image, found on");
    // Indices that leave the same remainder by three have the same label.
    let one_class = Split::new(Arc::new(Numbers { broken: None }), vec![0, 3, 6]);
    assert_eq!(
        message(&one_class, 2),
        "`mix`: expected off for train images of one class, found on"
    );
    assert!(MixConfig::default().check_fits(&one_class, 1).is_ok());
}

#[test]
fn skipping_gives_the_tail() {
    let whole = contents(train(2).epoch(5, 0));
    for skipped in 0..=4 {
        assert_eq!(contents(train(2).epoch(5, skipped)), whole[skipped..]);
    }
    assert_eq!(train(2).epoch(5, 99).count(), 0);
}

#[test]
fn progress_counts_images() {
    let mut batches = evaluate(None, 1).epoch(0, 1);
    let mut seen = vec![batches.images_done()];
    while let Some(batch) = batches.next() {
        batch.unwrap();
        seen.push(batches.images_done());
    }
    assert_eq!(seen, [6, 12, 18, 20]);
}

#[test]
fn a_broken_image_is_an_error_of_its_batch() {
    for workers in [0, 2] {
        let mut batches = evaluate(Some(107), workers).epoch(0, 0);
        assert_eq!(content(batches.next().unwrap()).0, [100, 101, 102, 103, 104, 105]);
        let error = batches.next().unwrap().unwrap_err();
        assert!(
            matches!(&error, DataError::Decode { name, .. } if name == "numbers/107.png"),
            "{error}"
        );
        assert_eq!(content(batches.next().unwrap()).0[0], 112);
    }
}

#[test]
fn autodiff_devices_get_batches() {
    let loader = Loader::new(&split(None), &preprocess(), &config(1), &Device::flex().autodiff());
    let plain = contents(evaluate(None, 1).epoch(0, 0));
    assert_eq!(contents(loader.epoch(0, 0)), plain);
}

#[test]
#[should_panic(expected = "`batch_size`: expected 1 to 1048576, found 0")]
fn unchecked_settings_panic() {
    let config = LoaderConfig { batch_size: 0, ..config(0) };
    Loader::new(&split(None), &preprocess(), &config, &Device::flex());
}

/// Twelve images of class 0 and two of class 1, drawn equally often.
fn unbalanced(workers: usize) -> Loader {
    let indices: Vec<usize> = (0..36).step_by(3).chain([1, 4]).collect();
    let split = Split::new(Arc::new(Numbers { broken: None }), indices);
    let changes: Vec<Augmentation> =
        serde_json::from_str(r#"[{"random-crop": {"padding": 1}}]"#).unwrap();
    let config = LoaderConfig { sampler: Sampler::Balanced, ..config(workers) };
    Loader::new(&split, &preprocess(), &config, &Device::flex()).shuffled(42).augmented(&changes)
}

#[test]
fn balanced_epochs_have_as_many_images_of_each_class() {
    let epoch = |epoch| contents(unbalanced(0).epoch(epoch, 0));
    let targets: Vec<i64> = epoch(0).into_iter().flat_map(|batch| batch.1).collect();
    assert_eq!(targets.iter().filter(|&&target| target == 1).count(), 7);
    assert_eq!(targets.len(), 14);
    let mut indices: Vec<usize> = epoch(0).into_iter().flat_map(|batch| batch.0).collect();
    indices.sort_unstable();
    // One of the two comes four times, the other three times; of the twelve, none comes twice.
    let times = |index| indices.iter().filter(|&&other| other == index).count();
    assert_eq!(times(1) + times(4), 7);
    assert!([3, 4].contains(&times(1)), "{indices:?}");
    assert!((0..36).step_by(3).all(|index| times(index) <= 1), "{indices:?}");
    let of_majority = |number| -> Vec<usize> {
        epoch(number).into_iter().flat_map(|batch| batch.0).filter(|index| index % 3 == 0).collect()
    };
    assert_ne!(of_majority(0), of_majority(1));
}

#[test]
fn an_image_that_comes_again_is_augmented_otherwise() {
    let batches = contents(unbalanced(0).epoch(0, 0));
    let mut seen: Vec<Vec<u32>> = Vec::new();
    for (indices, _, pixels) in &batches {
        let images = indices.iter().zip(pixels.chunks(4));
        seen.extend(images.filter(|(index, _)| **index == 1).map(|(_, image)| image.to_vec()));
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 1, "{seen:?}");
}

#[test]
fn balanced_batches_are_the_same_for_any_number_of_workers() {
    let expected = contents(unbalanced(0).epoch(3, 0));
    for workers in [1, 3] {
        assert_eq!(contents(unbalanced(workers).epoch(3, 0)), expected);
    }
    assert_eq!(contents(unbalanced(2).epoch(3, 1)), expected[1..]);
}

#[test]
fn what_does_not_divide_evenly_goes_round() {
    let indices: Vec<usize> = vec![0, 3, 6, 9, 1, 4, 2];
    let split = Split::new(Arc::new(Numbers { broken: None }), indices);
    let counts = |epoch| {
        let mut counts = [0; 3];
        for turn in order::drawn(&split, Sampler::Balanced, 1, epoch) {
            counts[split.label(turn.position)] += 1;
        }
        counts
    };
    assert_eq!([counts(0), counts(1), counts(2)], [[3, 2, 2], [2, 2, 3], [2, 3, 2]]);
}
