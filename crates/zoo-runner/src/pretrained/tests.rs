//! Networks of the libraries themselves, small and with random weights, which
//! `scripts/pretrained_fixtures.py` has made together with their scores.

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use safetensors::SafeTensors;
use serde_json::Value;
use zoo_data::{Interpolation, Resize};
use zoo_kernels::Precision;
use zoo_model::{DataShape, ModelSettings};
use zoo_vit::{VitConfig, VitPreset};

use super::{ImportOptions, Pretrained, export, import, positions::Bicubic};
use crate::backend::host;

pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pretrained").join(name)
}

fn expected() -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap()
}

pub(super) fn read(name: &str) -> Result<Pretrained, String> {
    let num_heads = name.contains("vit").then_some(2);
    let options = ImportOptions { num_heads, ..Default::default() };
    import(&fixture(name), &options, &host()).map_err(|error| error.to_string())
}

/// Images of the script's formula, normalised already.
fn pattern(count: usize, size: usize) -> Vec<f32> {
    (0..count * 3 * size * size).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect()
}

fn scores(pretrained: &Pretrained, size: usize) -> Vec<f32> {
    let images = TensorData::new(pattern(2, size), [2, 3, size, size]);
    let logits = pretrained.model.logits(Tensor::from_data(images, &host()));
    logits.into_data().try_to_vec().unwrap()
}

/// Within a share of the largest score.
fn assert_scores(name: &str, found: &[f32], tolerance: f32) {
    let wanted: Vec<f32> = expected()[name].as_array().unwrap().iter().flat_map(numbers).collect();
    let largest = wanted.iter().fold(0f32, |largest, score| largest.max(score.abs()));
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!((found - wanted).abs() <= tolerance * largest, "{name}: {found} {wanted}");
    }
}

#[test]
fn every_layout_gives_the_scores_of_its_library() {
    let files = [
        ("torchvision-alexnet.pth", "torchvision-alexnet", 63, 1e-4),
        ("torchvision-vit.pth", "torchvision-vit", 16, 1e-4),
        ("torchvision-vit-old.safetensors", "torchvision-vit", 16, 1e-4),
        ("timm-vit.safetensors", "timm-vit", 16, 1e-4),
        ("timm-vit-nested.pth", "timm-vit", 16, 1e-4),
        // Ten bits of precision are left.
        ("timm-vit-half.safetensors", "timm-vit", 16, 1e-2),
        ("hf-vit/model.safetensors", "hf-vit", 16, 1e-4),
        ("torchvision-resnet.safetensors", "torchvision-resnet", 45, 1e-4),
        ("timm-resnet-bottleneck.safetensors", "timm-resnet-bottleneck", 45, 1e-4),
        ("timm-resnet-d.safetensors", "timm-resnet-d", 45, 1e-4),
        ("hf-resnet-basic/model.safetensors", "hf-resnet-basic", 32, 1e-4),
        ("hf-resnet-bottleneck/model.safetensors", "hf-resnet-bottleneck", 32, 1e-4),
        ("akamaster-resnet-a.th", "akamaster-resnet-a", 16, 1e-4),
        ("akamaster-resnet-b.th", "akamaster-resnet-b", 16, 1e-4),
        ("sequential-cnn.pth", "sequential-cnn", 16, 1e-4),
    ];
    for (file, name, size, tolerance) in files {
        let pretrained = read(file).unwrap_or_else(|error| panic!("{error}"));
        assert_scores(name, &scores(&pretrained, size), tolerance);
        let in_bf16 = {
            let _scope = Precision::Bf16.enter();
            scores(&pretrained, size)
        };
        assert_scores(name, &in_bf16, 2e-2);
        assert!(pretrained.report.missing.is_empty());
        let is_counter = |name: &String| name.ends_with(".num_batches_tracked");
        assert!(pretrained.report.unused.iter().all(is_counter), "{file}");
        let half = file.contains("half");
        assert_eq!(pretrained.report.converted.len(), if half { 32 } else { 0 }, "{file}");
    }
}

#[test]
fn what_lies_beside_the_weights_is_taken() {
    let options = ImportOptions::default();
    let hf = import(&fixture("hf-vit/model.safetensors"), &options, &host()).unwrap();
    assert_eq!(hf.info.classes, ["kind 0", "kind 1", "kind 2"]);
    assert_eq!(hf.info.preprocess.mean, [0.4, 0.5, 0.6]);
    assert_eq!(hf.info.preprocess.std, [0.2, 0.3, 0.4]);
    assert_eq!((hf.info.preprocess.image_size, hf.info.preprocess.resize), (16, Resize::Squish));
    assert_eq!(hf.report.assumed, []);
    let timm = read("timm-vit.safetensors").unwrap();
    assert_eq!(timm.info.classes, ["class 0", "class 1", "class 2"]);
    let assumed: Vec<String> = timm.report.assumed.iter().map(ToString::to_string).collect();
    let expected = [
        "mean [0.5, 0.5, 0.5] and deviation [0.5, 0.5, 0.5], as timm mostly has them; --mean and --std say otherwise",
        "images cropped to the middle 16 of 17 pixels, as timm mostly has them; --resize and --crop-ratio say otherwise",
        "bicubic interpolation, as timm mostly has it; --interpolation says otherwise",
        "classes by their number; --classes FILE says otherwise",
    ];
    assert_eq!(assumed, expected);
    assert_eq!(timm.info.preprocess.crop_ratio, 0.9);
    assert_eq!(timm.info.preprocess.interpolation, Interpolation::Bicubic);
    assert_eq!(hf.info.preprocess.interpolation, Interpolation::Bilinear);
}

#[test]
fn an_export_holds_bit_for_bit_what_was_imported() {
    let folder = tempfile::tempdir().unwrap();
    for (file, layout) in [
        ("torchvision-vit-old.safetensors", "torchvision"),
        ("timm-vit.safetensors", "timm"),
        ("hf-vit/model.safetensors", "hf"),
        ("timm-resnet-bottleneck.safetensors", "timm"),
        ("timm-resnet-d.safetensors", "timm"),
        ("hf-resnet-basic/model.safetensors", "hf"),
        ("hf-resnet-bottleneck/model.safetensors", "hf"),
    ] {
        let pretrained = read(file).unwrap();
        let out = folder.path().join("out.safetensors");
        export(&pretrained.model, &pretrained.info, layout, &out).unwrap();
        let [before, after] = [fixture(file), out].map(|path| std::fs::read(path).unwrap());
        let [before, after] =
            [&before, &after].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
        assert_eq!(before.len(), after.len());
        for (name, tensor) in before.iter() {
            let name = name.replace("linear_1", "0").replace("linear_2", "3");
            let written = after.tensor(&name).unwrap();
            assert_eq!(written.shape(), tensor.shape(), "{name}");
            assert_eq!(written.data(), tensor.data(), "{name}");
        }
    }
}

#[test]
fn what_an_export_writes_beside_the_weights_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for layout in ["hf", "timm", "torchvision"] {
        // Each in a folder of its own, since the names of what lies beside are the same.
        let folder = folder.path().join(layout);
        std::fs::create_dir(&folder).unwrap();
        let mut pretrained = read("timm-vit.safetensors").unwrap();
        pretrained.info.classes = ["ant", "bee", "cow"].map(String::from).to_vec();
        pretrained.info.preprocess.mean = vec![0.1, 0.2, 0.3];
        let out = folder.join("model.safetensors");
        export(&pretrained.model, &pretrained.info, layout, &out).unwrap();
        let again = import(&out, &ImportOptions::default(), &host()).unwrap();
        assert_eq!(again.info, pretrained.info, "{layout}");
        assert_eq!(again.report.assumed, []);
        assert_scores("timm-vit", &scores(&again, 16), 1e-4);
    }
}

#[test]
fn positions_are_resized_as_each_library_does() {
    let expected = expected();
    for (side, new_side) in [(4, 6), (14, 24), (24, 14)] {
        let square = &pattern(1, side)[..side * side];
        for (kind, name) in [
            (Bicubic::Aligned, "aligned"),
            (Bicubic::Centred, "centred"),
            (Bicubic::Antialiased, "antialiased"),
        ] {
            let found = kind.resize(square, side, new_side, 1);
            let wanted = numbers(&expected["positions"][format!("{side} to {new_side}")][name]);
            assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(&wanted) {
                assert!((found - wanted).abs() < 1e-5, "{name} {side} {found} {wanted}");
            }
        }
    }
}

#[test]
fn weights_serve_for_other_sizes_channels_and_classes() {
    let pretrained = read("timm-vit.safetensors").unwrap();
    let shape = DataShape { num_classes: 5, channels: 1, image_size: 24 };
    let mut target = pretrained.info.model.clone().with_shape(shape).init(7, &host());
    let head = target.tensors(None).pop().unwrap().to_bytes().unwrap().to_vec();
    let mut adaptation = pretrained.adaptation();
    (adaptation.shape, adaptation.new_head) = (shape, true);
    let reshaped = adaptation.apply(&mut target).unwrap();
    assert_eq!(reshaped, ["patch_embedding.weight", "position_embedding"]);
    // The head is the one that was drawn, everything else is the weights'.
    assert_eq!(target.tensors(None).pop().unwrap().to_bytes().unwrap().to_vec(), head);
    let norm = |model: &zoo_model::AnyModel| {
        let tensors = model.tensors(None);
        let norm = tensors.iter().find(|tensor| tensor.name == "blocks.1.norm2.gamma").unwrap();
        norm.to_bytes().unwrap().to_vec()
    };
    assert_eq!(norm(&target), norm(&pretrained.model));

    adaptation.new_head = false;
    let error = adaptation.apply(&mut target).unwrap_err();
    assert_eq!(error, "has `head.weight` of shape [3, 16], but the config's network has [5, 16]");
}

#[test]
fn grey_images_give_what_equal_channels_gave() {
    let pretrained = read("timm-vit.safetensors").unwrap();
    let shape = DataShape { channels: 1, ..pretrained.info.model.shape() };
    let mut grey = pretrained.info.model.clone().with_shape(shape).blank(&host());
    let mut adaptation = pretrained.adaptation();
    adaptation.shape = shape;
    adaptation.apply(&mut grey).unwrap();
    let image = Tensor::<4>::from_data(TensorData::new(pattern(1, 16), [1, 3, 16, 16]), &host());
    let channel = image.narrow(1, 0, 1);
    let wanted = pretrained.model.logits(channel.clone().repeat_dim(1, 3)).into_data();
    let found = grey.logits(channel).into_data();
    found.assert_approx_eq::<f32>(&wanted, burn::tensor::Tolerance::absolute(1e-5));
}

#[test]
fn what_torchvision_mostly_has_depends_on_the_network() {
    let layout = super::entry::layouts_of("torchvision", "vit")[0];
    let usual = |config: VitConfig| {
        let image_size = config.image_size;
        let usual = (layout.preprocess)(&ModelSettings::Vit(config.into()));
        let preprocess = usual.preprocess(image_size, 3);
        (preprocess.scaled_size(), preprocess.interpolation)
    };
    let preset = VitConfig::preset;
    assert_eq!(usual(preset(VitPreset::Base16)), (256, Interpolation::Bilinear));
    assert_eq!(usual(preset(VitPreset::Large16)), (242, Interpolation::Bilinear));
    assert_eq!(usual(preset(VitPreset::Large32)), (256, Interpolation::Bilinear));
    let swag = preset(VitPreset::Base16).with_image_size(384);
    assert_eq!(usual(swag), (384, Interpolation::Bicubic));
}
