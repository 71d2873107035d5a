//! Tests of the list of augmentations, and of what they draw.

mod torchvision;

use super::*;
use crate::{
    preprocess::{Interpolation, Resize},
    rng::{Stream, rng},
};

fn preprocess() -> Preprocess {
    Preprocess {
        image_size: 32,
        resize: Resize::Squish,
        crop_ratio: 1.0,
        crop_offset: Default::default(),
        interpolation: Interpolation::Bilinear,
        mean: vec![0.5, 0.25, 0.0],
        std: vec![0.5, 0.25, 1.0],
    }
}

fn read(json: &str) -> AugmentConfig {
    serde_json::from_str(json).unwrap()
}

/// The captions of what is drawn for an image of the network's size.
fn drawn(json: &str, index: u64) -> Vec<String> {
    let image = Image::filled(32, 32, &[100, 150, 200]);
    let mut rng = rng(0, Stream::Augment, 0, index);
    augment_with_captions(image, &preprocess(), &read(json), &mut rng).1
}

#[test]
fn config_reads_strictly() {
    let list = read(r#"[{"random-crop": {"fill": "reflect"}}, {"vertical-flip": {}}]"#);
    let crop = RandomCrop { padding: 4, fill: operation::Fill::Reflect };
    assert_eq!(
        list,
        [
            Augmentation::RandomCrop(crop),
            Augmentation::RandomVerticalFlip(RandomVerticalFlip { probability: 0.5 }),
        ]
    );
    let message = |json| serde_json::from_str::<AugmentConfig>(json).unwrap_err().to_string();
    assert!(message(r#"[{"random-crop": {"pad": 4}}]"#).starts_with("unknown field `pad`"));
    assert!(message(r#"[{"rotate": {}}]"#).starts_with("unknown variant `rotate`"));
}

#[test]
fn defaults_pass_their_checks_and_change_images_of_any_size_and_channels() {
    for (name, about) in AUGMENTATIONS {
        assert!(about.ends_with('.'), "{name}");
        let changes = read(&format!(r#"[{{"{name}": {{}}}}]"#));
        check(&changes, 32).unwrap();
        for (image_size, mean) in [(1, vec![0.5]), (7, vec![0.5; 3]), (32, vec![0.5; 3])] {
            let std = mean.clone();
            let preprocess = Preprocess { image_size, mean, std, ..preprocess() };
            for index in 0..20 {
                let mut rng = rng(0, Stream::Augment, 0, index);
                let image = Image::filled(33, 21, &[10, 100, 200]);
                let image = augment(image, &preprocess, &changes, &mut rng);
                let size = (image.width(), image.height(), image.channels());
                assert_eq!(size, (image_size, image_size, preprocess.channels()), "{name}");
            }
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    for (json, message) in [
        (
            r#"{"horizontal-flip": {"probability": 1.5}}"#,
            "`horizontal-flip.probability`: expected 0 to 1, found 1.5",
        ),
        (
            r#"{"vertical-flip": {"probability": -1}}"#,
            "`vertical-flip.probability`: expected 0 to 1, found -1",
        ),
        (
            r#"{"random-crop": {"padding": 0}}"#,
            "`random-crop.padding`: expected 1 to 4096 pixels, found 0",
        ),
        (
            r#"{"random-resized-crop": {"scale": [0.5, 1.5]}}"#,
            "`random-resized-crop.scale`: expected two numbers from 0.0001 to 1, the smaller first, found [0.5, 1.5]",
        ),
        (
            r#"{"random-resized-crop": {"ratio": [2, 1]}}"#,
            "`random-resized-crop.ratio`: expected two numbers from 0.01 to 100, the smaller first, found [2, 1]",
        ),
        (
            r#"{"rotation": {"degrees": 181}}"#,
            "`rotation.degrees`: expected 0 to 180 degrees, found 181",
        ),
        (r#"{"affine": {"degrees": -1}}"#, "`affine.degrees`: expected 0 to 180 degrees, found -1"),
        (
            r#"{"affine": {"translate": [0, 2]}}"#,
            "`affine.translate`: expected 0 to 1 widths or heights, found 2",
        ),
        (
            r#"{"affine": {"scale": [0, 1]}}"#,
            "`affine.scale`: expected two numbers from 0.01 to 100, the smaller first, found [0, 1]",
        ),
        (r#"{"affine": {"shear": [90, 0]}}"#, "`affine.shear`: expected 0 to 89 degrees, found 90"),
        (
            r#"{"perspective": {"distortion_scale": 1.1}}"#,
            "`perspective.distortion_scale`: expected 0 to 1, found 1.1",
        ),
        (
            r#"{"color-jitter": {"hue": 0.6}}"#,
            "`color-jitter.hue`: expected 0 to 0.5 of the colour circle, found 0.6",
        ),
        (
            r#"{"color-jitter": {"brightness": -0.1}}"#,
            "`color-jitter.brightness`: expected 0 to 10, found -0.1",
        ),
        (
            r#"{"grayscale": {"probability": 2}}"#,
            "`grayscale.probability`: expected 0 to 1, found 2",
        ),
        (
            r#"{"gaussian-blur": {"kernel_size": 4}}"#,
            "`gaussian-blur.kernel_size`: expected an odd number, found 4",
        ),
        (
            r#"{"gaussian-blur": {"kernel_size": 33}}"#,
            "`gaussian-blur.kernel_size`: expected 1 to 32 pixels, the side of the image, found 33",
        ),
        (
            r#"{"gaussian-blur": {"sigma": [0, 1]}}"#,
            "`gaussian-blur.sigma`: expected two numbers from 0.01 to 100, the smaller first, found [0, 1]",
        ),
        (r#"{"sharpness": {"factor": -1}}"#, "`sharpness.factor`: expected 0 to 100, found -1"),
        (r#"{"posterize": {"bits": 9}}"#, "`posterize.bits`: expected 1 to 8 bits, found 9"),
        (
            r#"{"solarize": {"threshold": 256}}"#,
            "`solarize.threshold`: expected 0 to 255, found 256",
        ),
        (r#"{"invert": {"probability": 2}}"#, "`invert.probability`: expected 0 to 1, found 2"),
        (r#"{"equalize": {"probability": 2}}"#, "`equalize.probability`: expected 0 to 1, found 2"),
        (
            r#"{"auto-contrast": {"probability": 2}}"#,
            "`auto-contrast.probability`: expected 0 to 1, found 2",
        ),
        (
            r#"{"random-erasing": {"scale": [0.4, 0.3]}}"#,
            "`random-erasing.scale`: expected two numbers from 0.0001 to 1, the smaller first, found [0.4, 0.3]",
        ),
        (
            r#"{"cutout": {"size": 33}}"#,
            "`cutout.size`: expected 1 to 32 pixels, the side of the image, found 33",
        ),
        (r#"{"cutout": {"count": 0}}"#, "`cutout.count`: expected 1 to 100 squares, found 0"),
        (
            r#"{"rand-augment": {"magnitude": 31}}"#,
            "`rand-augment.magnitude`: expected 0 to 30, found 31",
        ),
        (
            r#"{"rand-augment": {"num_ops": 0}}"#,
            "`rand-augment.num_ops`: expected 1 to 20 operations, found 0",
        ),
    ] {
        let error = check(&read(&format!("[{json}]")), 32).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_resizes_comes_first() {
    let error = check(&read(r#"[{"invert": {}}, {"random-resized-crop": {}}]"#), 32).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`random-resized-crop`: expected to be the first augmentation, found number 2 of 2"
    );
}

#[test]
fn changes_follow_each_other() {
    let both =
        r#"[{"horizontal-flip": {"probability": 1}}, {"vertical-flip": {"probability": 1}}]"#;
    let preprocess = Preprocess { image_size: 2, mean: vec![0.5], std: vec![0.5], ..preprocess() };
    let image = Image::new(2, 2, 1, vec![1, 2, 3, 4]);
    let turned = augment(image, &preprocess, &read(both), &mut rng(0, Stream::Augment, 0, 0));
    assert_eq!(turned.pixels(), [4, 3, 2, 1]);
    assert_eq!(drawn(both, 0), ["flip", "flip upside down"]);
}

#[test]
fn a_resized_crop_sees_the_image_as_stored() {
    let changes = read(r#"[{"random-resized-crop": {"scale": [1, 1], "ratio": [2, 2]}}]"#);
    let image = Image::filled(200, 100, &[1, 2, 3]);
    let mut rng = rng(0, Stream::Augment, 0, 0);
    let (image, captions) = augment_with_captions(image, &preprocess(), &changes, &mut rng);
    assert_eq!((image, captions), (Image::filled(32, 32, &[1, 2, 3]), vec!["crop 200x100".into()]));
}

#[test]
fn probabilities_are_kept() {
    for (name, times) in [("horizontal-flip", 252), ("solarize", 252), ("cutout", 252)] {
        let json = format!(r#"[{{"{name}": {{"probability": 0.25}}}}]"#);
        let done = (0..1000).filter(|&index| !drawn(&json, index).is_empty()).count();
        assert_eq!(done, times, "{name}");
    }
}

#[test]
fn crops_go_to_every_corner() {
    let crop = r#"[{"random-crop": {"padding": 1}}]"#;
    let mut seen = std::collections::BTreeMap::new();
    for index in 0..900 {
        *seen.entry(drawn(crop, index)).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 9);
    assert!(seen.values().all(|count| (70..130).contains(count)), "{seen:?}");
}

#[test]
fn erasing_covers_the_area_asked_for_in_the_colour_asked_for() {
    let json =
        r#"[{"random-erasing": {"probability": 1, "scale": [0.25, 0.25], "ratio": [1, 1]}}]"#;
    assert_eq!(drawn(json, 0), ["erase 16x16"]);
    let image = Image::filled(32, 32, &[100, 150, 200]);
    let erased = augment(image, &preprocess(), &read(json), &mut rng(0, Stream::Augment, 0, 0));
    let covered = erased.pixels().chunks_exact(3).filter(|pixel| *pixel == [128, 64, 0]).count();
    assert_eq!(covered, 256);
}

#[test]
fn noise_has_the_mean_and_deviation_of_the_preprocessing() {
    let json = r#"[{"random-erasing": {"probability": 1, "scale": [0.9, 0.9], "ratio": [1, 1], "fill": "noise"}}]"#;
    let preprocess =
        Preprocess { image_size: 100, mean: vec![0.5], std: vec![0.1], ..preprocess() };
    let image = Image::filled(100, 100, &[255]);
    let erased = augment(image, &preprocess, &read(json), &mut rng(0, Stream::Augment, 0, 0));
    let noise: Vec<f64> = erased
        .pixels()
        .iter()
        .filter(|&&value| value < 255)
        .map(|&value| f64::from(value))
        .collect();
    let count = noise.len() as f64;
    let mean = noise.iter().sum::<f64>() / count;
    let variance = noise.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    assert_eq!(noise.len(), 95 * 95);
    assert!((mean - 127.5).abs() < 1.0, "{mean}");
    assert!((variance.sqrt() - 25.5).abs() < 1.0, "{}", variance.sqrt());
}

#[test]
fn jitter_comes_in_any_order_and_leaves_out_what_is_zero() {
    let json =
        r#"[{"color-jitter": {"brightness": 0.5, "contrast": 0, "saturation": 0.5, "hue": 0.1}}]"#;
    let orders: std::collections::BTreeSet<String> = (0..100)
        .map(|index| drawn(json, index))
        .map(|captions| {
            let words = captions.iter().map(|caption| caption.split(' ').next().unwrap_or(""));
            words.collect::<Vec<&str>>().join(" ")
        })
        .collect();
    assert_eq!(orders.len(), 6);
    assert!(orders.contains("hue saturation brightness"), "{orders:?}");
}
