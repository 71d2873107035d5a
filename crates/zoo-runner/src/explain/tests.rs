//! Heat maps against those of pytorch-grad-cam, and attention against timm's, which
//! `scripts/explain_fixture.py` writes.

use std::{fs, path::Path};

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use zoo_model::{
    Explainable,
    filler::{filled, filler},
};

use super::{HeatMap, Record, Slopes, colour::magma, method::rollout, slopes};
use crate::backend::host;

/// How far values in parts of the largest may be off.
const TOLERANCE: f32 = 1e-3;
const CLASSES: usize = 10;

type Grids = Vec<Vec<Vec<f32>>>;

#[derive(Deserialize)]
struct Reference {
    image_size: usize,
    heat: Grids,
    hires: Grids,
    resized: Option<Grids>,
    logits: Vec<Vec<f32>>,
    rollout: Option<Grids>,
    /// Of the last block: what the class token takes from each token, one row per head.
    attention: Option<Grids>,
}

fn fixture<T: DeserializeOwned>(key: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/explain.json");
    let mut all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    serde_json::from_value(all[key].take()).unwrap()
}

fn images(count: usize, side: usize) -> Tensor<4> {
    let values = filler("images", 0, count * 3 * side * side, 1.0);
    Tensor::from_data(TensorData::new(values, [count, 3, side, side]), &host())
}

#[track_caller]
fn assert_close(what: &str, found: &[f32], expected: impl IntoIterator<Item = f32>) {
    let expected: Vec<f32> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
    let off = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    let off = off.fold(0.0, f32::max) / largest;
    println!("{what}: within {off:.1e}");
    assert!(off < TOLERANCE, "{what}: {off}");
}

/// Checks logits and Grad-CAM; gives back network, images and what else is to be checked.
fn check<M: Explainable>(name: &str, model: M) -> (M, Tensor<4>, Reference) {
    let reference: Reference = fixture(name);
    let labels: Vec<usize> = fixture("labels");
    let model = filled(model, fixture("gain"));
    let images = images(labels.len(), reference.image_size);
    let logits = model.forward(images.clone()).into_data();
    let logits: Vec<f32> = logits.iter::<f32>().collect();
    assert_close(&format!("{name} logits"), &logits, reference.logits.iter().flatten().copied());
    let slopes = slopes(&model, images.clone(), &labels);
    let heat: Vec<HeatMap> = slopes.iter().map(Slopes::grad_cam).collect();
    let hires: Vec<HeatMap> = slopes.iter().map(Slopes::hires_cam).collect();
    for (kind, found, expected) in
        [("heat", &heat, &reference.heat), ("hires", &hires, &reference.hires)]
    {
        for (image, (found, expected)) in found.iter().zip(expected).enumerate() {
            let what = format!("{name} {kind} of image {image}");
            assert_close(&what, &found.values, expected.iter().flatten().copied());
        }
    }
    for (found, expected) in heat.iter().zip(reference.resized.iter().flatten()) {
        let resized = found.resized([reference.image_size; 2]).scaled();
        assert_close("resized", &resized.values, expected.iter().flatten().copied());
    }
    (model, images, reference)
}

#[test]
fn the_cnns_heat_is_that_of_pytorch_grad_cam() {
    use zoo_cnn::{CnnConfig, CnnPreset};
    let config = CnnConfig {
        num_classes: CLASSES,
        image_size: 16,
        widths: vec![6, 8, 12],
        hidden: 16,
        // Has no part in it.
        dropout: 0.5,
        ..CnnConfig::preset(CnnPreset::Small)
    };
    check("cnn", config.init(&host()));
}

#[test]
fn alexnets_heat_is_that_of_pytorch_grad_cam() {
    use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
    let config = AlexNetConfig {
        num_classes: CLASSES,
        image_size: 95,
        widths: [4, 6, 8, 6, 6],
        hidden: 16,
        ..AlexNetConfig::preset(AlexNetPreset::Torchvision)
    };
    check("alexnet", config.init(&host()));
}

#[test]
fn a_resnets_heat_is_that_of_pytorch_grad_cam() {
    use zoo_resnet::{ResNetConfig, ResNetPreset};
    let config = ResNetConfig {
        num_classes: CLASSES,
        zero_init_last_norm: false,
        ..ResNetConfig::preset(ResNetPreset::ResNet18)
    };
    let stages = [(1, 4), (2, 4), (1, 6), (1, 8)];
    check("resnet", config.with_stages(stages).init(&host()));
}

#[test]
fn the_vits_heat_and_attention_are_those_of_pytorch_grad_cam_and_timm() {
    use zoo_vit::{VitConfig, VitPreset};
    let config = VitConfig {
        num_classes: CLASSES,
        image_size: 20,
        patch_size: 4,
        embed_dim: 24,
        depth: 3,
        num_heads: 3,
        mlp_dim: 96,
        drop_path: 0.5,
        ..VitConfig::preset(VitPreset::Mini)
    };
    let (model, images, reference) = check("vit", config.init(&host()));
    let (rollouts, attention) = (reference.rollout.unwrap(), reference.attention.unwrap());
    for (index, image) in images.split(1, 0).into_iter().enumerate() {
        let mut record = Record::default();
        model.forward_tapped(image, &mut record);
        let found: HeatMap = rollout(&record.attention);
        assert_close("rollout", &found.values, rollouts[index].iter().flatten().copied());
        let last = record.attention.last().unwrap();
        assert_eq!((last.name.as_str(), &last.shape[..]), ("blocks.2.attention", &[3, 26, 26][..]));
        for (head, expected) in attention[index].iter().enumerate() {
            let of_class_token = &last.values[head * 26 * 26..][..26];
            assert_close("attention", of_class_token, expected.iter().copied());
        }
    }
}

#[test]
fn colours_are_matplotlibs() {
    let expected: Vec<[u8; 3]> = fixture("magma");
    for (index, expected) in expected.into_iter().enumerate() {
        let found = magma(index as f32 / 255.0);
        let off = found.iter().zip(expected).map(|(&found, expected)| found.abs_diff(expected));
        assert!(off.max().unwrap() <= 3, "{index}: {found:?} {expected:?}");
    }
}
