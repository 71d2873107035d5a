//! The config: presets, what JSON may say, and what is refused.

use serde_json::{Value, from_str, from_value, json, to_value};
use zoo_resnet::{
    BlockKind, ConfigError, ResNetConfig, ResNetPreset, ResNetSettings, Shortcut, Stem,
};

fn resnet18() -> ResNetConfig {
    ResNetConfig::preset(ResNetPreset::ResNet18)
}

fn resnet20() -> ResNetConfig {
    ResNetConfig::preset(ResNetPreset::ResNet20)
}

#[test]
fn presets_by_name() {
    let names = ResNetPreset::ALL.iter().map(|preset| preset.name()).collect::<Vec<_>>();
    let expected = [
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "resnet20",
        "resnet32",
        "resnet44",
        "resnet56",
    ];
    assert_eq!(names, expected);
    for preset in ResNetPreset::ALL.iter().copied() {
        assert_eq!(to_value(preset).unwrap(), preset.to_string());
        assert_eq!(ResNetConfig::preset(preset).preset, preset);
        assert_eq!(ResNetConfig::preset(preset).check(), Ok(()));
    }
}

#[test]
fn absent_fields_are_as_the_preset_has_them() {
    assert_eq!(from_str::<ResNetConfig>("{}").unwrap(), resnet18());
    let config: ResNetConfig =
        from_str(r#"{"preset": "resnet20", "shortcut": "convolution", "depths": [1, 1, 1]}"#)
            .unwrap();
    let expected = ResNetConfig {
        shortcut: Shortcut::Convolution,
        ..resnet20().with_stages([(1, 16), (1, 32), (1, 64)])
    };
    assert_eq!(config, expected);
}

#[test]
fn a_config_survives_json() {
    let config = ResNetConfig { stem: Stem::ThreeConvolutions, ..resnet18().with_channels(1) };
    let json = to_value(&config).unwrap();
    assert_eq!(json["stem"], "three-convolutions");
    assert_eq!(json["block"], "basic");
    assert_eq!(json["shortcut"], "convolution");
    assert_eq!(json.as_object().unwrap().len(), 12);
    assert_eq!(from_value::<ResNetConfig>(json).unwrap(), config);
}

#[test]
fn settings_keep_only_what_was_said() {
    let said = json!({"preset": "resnet50", "dropout": 0.5});
    let settings: ResNetSettings = from_value(said.clone()).unwrap();
    assert_eq!(to_value(settings).unwrap(), said);
}

#[test]
fn mistakes_are_refused_where_they_stand() {
    let refusal = |json: &str| from_str::<ResNetConfig>(json).unwrap_err().to_string();
    let typo = refusal("{\n  \"depht\": 18\n}");
    assert!(
        typo.starts_with("unknown field `depht`, expected one of `preset`, `num_classes`"),
        "{typo}"
    );
    assert!(typo.ends_with("at line 2 column 9"), "{typo}");
    let preset = refusal(r#"{"preset": "resnet19"}"#);
    assert!(
        preset.starts_with("unknown variant `resnet19`, expected one of `resnet18`"),
        "{preset}"
    );
}

#[test]
fn the_schema_explains_every_field() {
    let schema = schemars::schema_for!(ResNetConfig).to_value();
    let settings = schemars::schema_for!(ResNetSettings).to_value();
    assert_eq!(schema["properties"], settings["properties"]);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 12);
    assert!(properties.values().all(|property| property["description"].is_string()));
}

#[test]
fn wrong_configs_are_refused_with_the_reason() {
    let wrong = [
        (resnet18().with_num_classes(0), "`num_classes`: expected 1 to 65536, found 0"),
        (resnet18().with_image_size(65_537), "`image_size`: expected 1 to 65536, found 65537"),
        (
            ResNetConfig { stem_width: 0, ..resnet18() },
            "`stem_width`: expected 1 to 65536, found 0",
        ),
        (resnet18().with_stages([(2, 64), (0, 128)]), "`depths`: expected 1 to 65536, found 0"),
        (resnet18().with_stages([(2, 0)]), "`widths`: expected 1 to 65536, found 0"),
        (resnet18().with_stages([]), "depths must name at least one stage, found an empty list"),
        (
            ResNetConfig { depths: vec![2, 2, 2], ..resnet18() },
            "`widths`: expected one for each of the 3 stages of depths, found 4",
        ),
        (resnet18().with_channels(4), "`channels`: expected 1 (grey) or 3 (RGB), found 4"),
        (resnet18().with_dropout(1.0), "`dropout`: expected 0 to below 1, found 1"),
        (resnet18().with_dropout(f64::NAN), "`dropout`: expected 0 to below 1, found NaN"),
        (
            ResNetConfig { stem: Stem::ThreeConvolutions, stem_width: 63, ..resnet18() },
            "`stem_width`: expected an even number with three convolutions, found 63",
        ),
        (
            resnet20().with_stages([(3, 16), (3, 8)]),
            "`widths`: the shortcut zero-padding adds as many channels before those that are there \
             as after them, which cannot make 8 of 16",
        ),
        (
            resnet20().with_stages([(3, 16), (3, 33)]),
            "`widths`: the shortcut zero-padding adds as many channels before those that are there \
             as after them, which cannot make 33 of 16",
        ),
    ];
    for (config, reason) in wrong {
        assert_eq!(config.check().map_err(|error| error.to_string()), Err(reason.to_owned()));
    }
    let error = ConfigError::Padding { input: 16, found: 8 };
    assert_eq!(resnet20().with_stages([(1, 8)]).check(), Err(error));
}

#[test]
#[should_panic(expected = "`channels`: expected 1 (grey) or 3 (RGB), found 2")]
fn init_panics_with_the_reason() {
    resnet20().with_channels(2).init(&burn::tensor::Device::flex());
}

/// torchvision's figures, which count the head's biases, too.
#[test]
fn multiply_adds_are_those_of_the_libraries() {
    let at = |preset| ResNetConfig::preset(preset).multiply_adds();
    assert_eq!(at(ResNetPreset::ResNet18), 1_814_073_344);
    assert_eq!(at(ResNetPreset::ResNet34), 3_663_761_408);
    assert_eq!(at(ResNetPreset::ResNet50), 4_089_184_256);
    assert_eq!(at(ResNetPreset::ResNet101), 7_801_405_440);
    assert_eq!(at(ResNetPreset::ResNet152), 11_513_626_624);
}

#[test]
fn multiply_adds_of_each_layer() {
    // Three convolutions of 8 px, pooled to 4; a bottleneck at 4 px; one at 2 px; the head.
    let config = ResNetConfig {
        stem: Stem::ThreeConvolutions,
        stem_width: 8,
        block: BlockKind::Bottleneck,
        shortcut: Shortcut::AveragePooling,
        ..resnet18().with_image_size(16).with_num_classes(5).with_stages([(1, 4), (1, 6)])
    };
    let stem = 64 * 9 * (3 * 4 + 4 * 4 + 4 * 8);
    let first = 16 * (8 * 4 + 9 * 4 * 4 + 4 * 16 + 8 * 16);
    let second = 16 * 16 * 6 + 4 * (9 * 6 * 6 + 6 * 24 + 16 * 24);
    assert_eq!(config.multiply_adds(), stem + first + second + 24 * 5);
    // Zeros cost nothing.
    let padded = ResNetConfig { shortcut: Shortcut::ZeroPadding, ..config.clone() };
    let projections = 16 * 8 * 16 + 4 * 16 * 24;
    assert_eq!(padded.multiply_adds(), config.multiply_adds() - projections);
}
