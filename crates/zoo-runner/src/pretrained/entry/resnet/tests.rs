//! What only files of residual networks need.

use safetensors::SafeTensors;
use serde_json::Value;
use zoo_data::Preprocess;
use zoo_model::{ModelSettings, WeightsInfo};
use zoo_resnet::{ResNetConfig, ResNetPreset, Shortcut};

use crate::{
    backend::host,
    pretrained::{
        ImportOptions, export, import,
        tests::{fixture, read},
    },
};

/// The layouts that hold networks of fixed widths, which no small file has.
#[test]
fn networks_of_fixed_widths_come_back_as_they_went() {
    let preset = |preset| ResNetConfig::preset(preset).with_num_classes(3);
    let small = |name, depths: &[usize]| ResNetConfig { depths: depths.to_vec(), ..preset(name) };
    let option_b = ResNetConfig {
        shortcut: Shortcut::Convolution,
        ..small(ResNetPreset::ResNet20, &[1, 2, 1])
    };
    let folder = tempfile::tempdir().unwrap();
    for (library, config) in [
        ("torchvision", small(ResNetPreset::ResNet18, &[1, 2, 1, 1])),
        ("akamaster", preset(ResNetPreset::ResNet20)),
        ("akamaster", option_b),
    ] {
        let settings = ModelSettings::ResNet(config.clone().into());
        let model = settings.init(3, &host());
        let classes = ["ant", "bee", "cow"].map(String::from).to_vec();
        let preprocess = read("hf-resnet-basic/model.safetensors").unwrap().info.preprocess;
        let preprocess = Preprocess { image_size: config.image_size, ..preprocess };
        let info = WeightsInfo { model: settings, classes, preprocess };
        let out = folder.path().join("out.safetensors");
        export(&model, &info, library, &out).unwrap();
        let bytes = std::fs::read(&out).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let counters: Vec<_> =
            file.iter().filter(|(name, _)| name.ends_with(".num_batches_tracked")).collect();
        let norms = file.iter().filter(|(name, _)| name.ends_with(".running_var")).count();
        assert!(counters.len() == norms && norms > 0);
        for (name, counter) in counters {
            assert_eq!((counter.data(), counter.shape()), (&[0u8; 8][..], &[][..]), "{name}");
        }
        let again = import(&out, &ImportOptions::default(), &host()).unwrap();
        assert_eq!(again.report.layout, library);
        assert_eq!(again.model.weight_hash(), model.weight_hash(), "{library}");
        let found = ResNetConfig::try_from(&again.info.model).unwrap();
        assert_eq!(ResNetConfig { preset: config.preset, ..found }, config, "{library}");
    }
}

#[test]
fn what_lies_beside_a_resnet_decides_between_libraries_with_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::copy(fixture("timm-resnet-bottleneck.safetensors"), &path).unwrap();
    let library = || import(&path, &ImportOptions::default(), &host()).unwrap();
    assert_eq!(library().report.layout, "torchvision");
    let config = r#"{"architecture": "resnet50", "pretrained_cfg": {"input_size": [3, 64, 64],
        "crop_pct": 0.95, "interpolation": "bicubic", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        "label_names": ["ant", "bee", "cow"]}"#;
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let timm = library();
    assert_eq!(timm.report.layout, "timm");
    assert_eq!(timm.report.assumed, []);
    assert_eq!(timm.info.preprocess.crop_ratio, 0.95);
    assert_eq!(timm.info.model.shape().image_size, 64);
    let refused = |config: &str| {
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let error = import(&path, &ImportOptions::default(), &host()).err().unwrap().to_string();
        error.split_once("config.json: ").unwrap().1.to_string()
    };
    assert_eq!(
        refused(r#"{"architecture": "resnet50", "global_pool": "max"}"#),
        "says `global_pool` \"max\": expected \"avg\": this network's head sees the mean of all pixels"
    );
    assert_eq!(
        refused(r#"{"architecture": "resnet50", "model_args": {"cardinality": 32}}"#),
        "says `model_args.cardinality` 32, which is not done here; take it out if it makes no difference"
    );
}

#[test]
fn the_first_version_of_bottlenecks_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::copy(fixture("hf-resnet-bottleneck/model.safetensors"), &path).unwrap();
    let config = std::fs::read_to_string(fixture("hf-resnet-bottleneck/config.json")).unwrap();
    let refused = |change: fn(&mut Value)| {
        let mut config: Value = serde_json::from_str(&config).unwrap();
        change(&mut config);
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let error = import(&path, &ImportOptions::default(), &host()).err().unwrap().to_string();
        error.split_once("config.json: ").unwrap().1.to_string()
    };
    assert_eq!(
        refused(|config| config["downsample_in_bottleneck"] = true.into()),
        "says `downsample_in_bottleneck` true: expected false: a bottleneck here shrinks the image in its \
         3 x 3 convolution"
    );
    assert_eq!(
        refused(|config| config["hidden_act"] = "gelu".into()),
        "says `hidden_act` \"gelu\": expected \"relu\""
    );
    assert_eq!(
        refused(|config| config["depths"] = vec![1, 3].into()),
        "says `depths` [1,3]: expected [1,2], as the tensors beside it show"
    );
    assert_eq!(
        refused(|config| config["model_type"] = "vit".into()),
        "says `model_type` \"vit\": expected \"resnet\""
    );
}
