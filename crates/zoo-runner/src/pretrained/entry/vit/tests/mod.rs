//! Networks of timm, transformers and open_clip, small and with random weights, which
//! `scripts/vit_fixtures.py` has made together with what these libraries compute of 8 images.

mod gradients;

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use safetensors::SafeTensors;
use serde_json::Value;
use zoo_data::{Interpolation, Resize};
use zoo_model::{AnyModel, DataShape, ModelSettings, host};
use zoo_vit::{Activation, Pooling, VitConfig};

use crate::pretrained::{ImportOptions, Pretrained, export, import, positions::Bicubic};

fn fixture(name: &str) -> PathBuf {
    let file = match name {
        name if name.starts_with("hf-") => format!("{name}/model.safetensors"),
        name if name.starts_with("open-clip") => format!("{name}/open_clip_model.safetensors"),
        name => format!("{name}.safetensors"),
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vit").join(file)
}

fn expected() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vit/expected.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn options() -> ImportOptions {
    ImportOptions { num_heads: Some(2), image_size: Some(16), ..Default::default() }
}

fn read(name: &str) -> Pretrained {
    import(&fixture(name), &options(), &host()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn config(pretrained: &Pretrained) -> VitConfig {
    VitConfig::try_from(&pretrained.info.model).unwrap()
}

/// Eight images of the script's formula, normalised already.
fn pattern(size: usize) -> TensorData {
    let values: Vec<f32> =
        (0..8 * 3 * size * size).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
    TensorData::new(values, [8, 3, size, size])
}

fn assert_close(what: &str, found: &[f32], wanted: &[f32]) {
    let largest = wanted.iter().fold(0f32, |largest, number| largest.max(number.abs()));
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-4 * largest, "{what}: {found}, expected {wanted}");
    }
}

const ALL: [&str; 14] = [
    "hub-dinov2",
    "hub-dinov2-registers",
    "timm-dinov2",
    "timm-dinov2-registers",
    "timm-deit3",
    "timm-deit-distilled",
    "timm-mae",
    "timm-clip",
    "hf-dinov2",
    "hf-dinov2-registers",
    "hf-dinov2-swiglu",
    "hf-clip",
    "open-clip",
    "open-clip-quick",
];

#[test]
fn every_family_gives_what_its_library_gives() {
    let expected = expected();
    for name in ALL {
        let mut pretrained = read_as_made(name);
        let images = Tensor::from_data(pattern(16), &host());
        let found: Vec<f32> = pretrained.model.logits(images).into_data().iter().collect();
        let wanted: Vec<Vec<f32>> =
            serde_json::from_value(expected["outputs"][name].clone()).unwrap();
        assert_close(name, &found, &wanted.concat());
        pretrained.report.assumed.clear();
        assert!(pretrained.report.missing.is_empty());
    }
}

/// timm's file of CLIP does not tell its activation.
fn read_as_made(name: &str) -> Pretrained {
    let mut pretrained = read(name);
    if name == "timm-clip" {
        let quick = VitConfig { activation: Some(Activation::QuickGelu), ..config(&pretrained) };
        pretrained.info.model = ModelSettings::Vit(quick.into());
        let mut model = pretrained.info.model.blank(&host());
        pretrained.adaptation().apply(&mut model).unwrap();
        pretrained.model = model;
    }
    pretrained
}

#[test]
fn the_switches_are_seen_in_the_tensors() {
    let of = |name: &str| config(&read(name));
    let switches = |config: &VitConfig| {
        (config.registers, config.class_position, config.pre_norm, config.layer_scale.is_some())
    };
    assert_eq!(switches(&of("hub-dinov2")), (0, true, false, true));
    assert_eq!(switches(&of("hub-dinov2-registers")), (4, true, false, true));
    assert_eq!(switches(&of("timm-dinov2-registers")), (4, false, false, true));
    assert_eq!(switches(&of("timm-deit3")), (0, false, false, true));
    assert_eq!(switches(&of("timm-mae")), (0, true, false, false));
    assert_eq!(switches(&of("open-clip")), (0, true, true, false));
    let readers = |name: &str| {
        let VitConfig { pooling, projection, num_classes, .. } = of(name);
        (pooling, projection, num_classes)
    };
    assert_eq!(readers("hf-dinov2"), (Pooling::ClassAndMean, None, 3));
    assert_eq!(readers("hub-dinov2"), (Pooling::ClassToken, None, 0));
    assert_eq!(readers("timm-deit-distilled"), (Pooling::ClassAndDistillation, None, 3));
    assert_eq!(readers("timm-clip"), (Pooling::ClassToken, Some(8), 0));
    assert_eq!(readers("hf-clip"), (Pooling::ClassToken, Some(8), 0));
    assert_eq!(of("hf-dinov2-swiglu").activation, Some(Activation::SwiGlu));
    assert_eq!(of("open-clip").activation, None);
    assert_eq!(of("open-clip-quick").activation, Some(Activation::QuickGelu));
    assert_eq!(of("hf-clip").activation, Some(Activation::QuickGelu));
    let epsilon = |name: &str| of(name).layer_norm_epsilon;
    assert_eq!(
        (epsilon("timm-clip"), epsilon("open-clip"), epsilon("timm-mae")),
        (1e-5, 1e-5, 1e-6)
    );
}

#[test]
fn what_is_left_out_or_joined_is_said() {
    let said = |name: &str| -> Vec<String> {
        read(name).report.assumed.iter().map(ToString::to_string).collect()
    };
    let has = |said: &[String], what: &str| {
        assert!(said.iter().any(|line| line.contains(what)), "{what}: {said:?}");
    };
    has(&said("open-clip"), "the image tower alone; the text tower is left out, 18 tensors");
    has(&said("timm-deit-distilled"), "the mean of both heads, as the distilled DeiT predicts");
    has(&said("timm-clip"), "CLIP's projection, which timm calls `head`");
    has(&said("timm-mae"), "no head: the network gives 16 features");
    assert_eq!(read("hub-dinov2").report.unused, ["mask_token"]);
    assert_eq!(read("timm-mae").report.unused, ["decoder_embed.weight", "mask_token"]);
}

#[test]
fn what_open_clip_says_of_images_is_heeded() {
    let preprocess = read("open-clip").info.preprocess;
    assert_eq!(preprocess.mean, [0.1, 0.2, 0.3]);
    assert_eq!(preprocess.std, [0.4, 0.5, 0.6]);
    assert_eq!((preprocess.resize, preprocess.image_size), (Resize::Squish, 16));
    assert_eq!(preprocess.interpolation, Interpolation::Bicubic);
}

/// DINOv2 sees 224 pixels unless something else is said; its repository resizes positions by itself.
#[test]
fn dinov2_is_brought_to_the_usual_size() {
    let options = ImportOptions { image_size: None, ..options() };
    let pretrained = import(&fixture("hub-dinov2"), &options, &host()).unwrap();
    assert_eq!(config(&pretrained).image_size, 224);
    assert_eq!(pretrained.report.reshaped, ["pos_embed"]);
    assert_eq!(pretrained.info.preprocess.scaled_size(), 256);
    let kept = ImportOptions { keep_positions: true, ..options.clone() };
    let pretrained = import(&fixture("hub-dinov2"), &kept, &host()).unwrap();
    assert_eq!((config(&pretrained).image_size, pretrained.info.preprocess.image_size), (16, 224));
    // timm's network sees what its positions are for.
    let timm = import(&fixture("timm-dinov2"), &options, &host()).unwrap();
    assert_eq!(config(&timm).image_size, 16);
}

#[test]
fn each_library_has_its_way_to_resize_positions() {
    let positions = ["hub-dinov2", "hub-dinov2-registers", "timm-dinov2", "hf-dinov2"]
        .map(|name| read(name).positions);
    let antialiased = Bicubic::Antialiased;
    assert_eq!(positions, [Bicubic::Shifted, antialiased, antialiased, Bicubic::Centred]);
    assert_eq!(read("hf-dinov2-registers").positions, antialiased);
    let expected = expected();
    for (side, new_side) in [(4, 6), (37, 16), (16, 37)] {
        let values: Vec<f32> =
            (0..side * side).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
        let found = Bicubic::Shifted.resize(&values, side, new_side, 1);
        let key = format!("{side} to {new_side}");
        let wanted: Vec<f32> = serde_json::from_value(expected["positions"][key].clone()).unwrap();
        assert_close("shifted", &found, &wanted);
    }
}

#[test]
fn an_export_holds_bit_for_bit_what_was_imported() {
    let folder = tempfile::tempdir().unwrap();
    for name in ALL.into_iter().filter(|name| !["timm-deit-distilled", "timm-mae"].contains(name)) {
        let pretrained = read(name);
        let library = match name.split_once('-').unwrap().0 {
            "hub" => "dinov2",
            "open" => "open_clip",
            library => library,
        };
        let out = exported(&pretrained, library, &folder.path().join(name));
        let [before, after] = [fixture(name), out.clone()].map(|path| std::fs::read(path).unwrap());
        let [before, after] =
            [&before, &after].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
        let mut wanted = before.tensors();
        if library == "open_clip" {
            wanted.retain(|(key, _)| key.starts_with("visual."));
        }
        assert_eq!(wanted.len(), after.len(), "{name}");
        for (key, tensor) in wanted {
            let written = after.tensor(key.trim_start_matches("visual.")).unwrap();
            assert_eq!(written.shape(), tensor.shape(), "{name} {key}");
            // Nothing but DINOv2's own training uses it.
            match key.ends_with("mask_token") {
                true => assert!(written.data().iter().all(|byte| *byte == 0), "{name}"),
                false => assert_eq!(written.data(), tensor.data(), "{name} {key}"),
            }
        }
        let asked = ImportOptions { num_heads: None, ..options() };
        assert_eq!(import(&out, &asked, &host()).unwrap().info, pretrained.info, "{name}");
    }
}

fn exported(pretrained: &Pretrained, library: &str, folder: &Path) -> PathBuf {
    std::fs::create_dir(folder).unwrap();
    let out = folder.join("model.safetensors");
    export(&pretrained.model, &pretrained.info, library, &out).unwrap();
    out
}

/// There, the class token has no position beside registers, so it takes the one that it has.
#[test]
fn registers_go_to_timm_without_a_change_in_what_the_network_gives() {
    let folder = tempfile::tempdir().unwrap();
    let mut pretrained = read("hub-dinov2-registers");
    let out = exported(&pretrained, "timm", &folder.path().join("timm"));
    let mut again = import(&out, &ImportOptions::default(), &host()).unwrap();
    assert!(!config(&again).class_position);
    let [before, after] = [&mut pretrained, &mut again]
        .map(|network| network.model.logits(Tensor::from_data(pattern(16), &host())).into_data());
    assert_eq!(before, after);
}

#[test]
fn what_a_library_has_not_is_not_exported() {
    let out = Path::new("never-written.safetensors");
    let refused = |name: &str, library: &str| {
        let pretrained = read(name);
        export(&pretrained.model, &pretrained.info, library, out).unwrap_err().to_string()
    };
    let wanted = "--layout hf: hf supports this network only with a class token, learned positions and a head, \
                  and none of the switches of newer networks; or with what CLIP's image tower has: a norm \
                  before the blocks, a class token, learned positions and no head; or with LayerScale, learned \
                  positions of patches and class token, and either no head or one on the class token and the \
                  mean of the patches; use --layout zoo";
    for name in ["timm-deit3", "timm-dinov2-registers", "timm-mae", "timm-deit-distilled"] {
        assert_eq!(refused(name, "hf"), wanted, "{name}");
    }
    for (name, library) in [
        ("timm-deit-distilled", "timm"),
        ("hf-dinov2-swiglu", "timm"),
        ("hf-dinov2", "dinov2"),
        ("timm-deit3", "open_clip"),
    ] {
        let error = refused(name, library);
        let start = format!("--layout {library}: {library} supports this network only with");
        assert!(error.starts_with(&start), "{error}");
    }
    assert!(!out.exists());
}

#[test]
fn weights_serve_with_another_pooling_and_a_new_head() {
    let pretrained = read("timm-dinov2-registers");
    let config = VitConfig {
        num_classes: 5,
        image_size: 24,
        pooling: Pooling::ClassAndMean,
        ..config(&pretrained)
    };
    let mut model: AnyModel = config.init(&host()).into();
    let mut adaptation = pretrained.adaptation();
    adaptation.shape = DataShape { num_classes: 5, channels: 3, image_size: 24 };
    adaptation.new_head = true;
    assert_eq!(adaptation.apply(&mut model).unwrap(), ["position_embedding"]);
    let images = Tensor::from_data(pattern(24), &host());
    assert_eq!(model.logits(images).dims(), [8, 5]);

    let without = VitConfig { registers: 0, ..config };
    let mut model: AnyModel = without.init(&host()).into();
    assert_eq!(
        adaptation.apply(&mut model).unwrap_err(),
        "`reg_token` is in the weights, but not in the network that the config describes"
    );
}
