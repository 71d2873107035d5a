//! The config: presets, what JSON may say, and what is refused.

use serde_json::{Value, from_str, from_value, json, to_value};
use zoo_alexnet::{AlexNetConfig, AlexNetPreset, AlexNetSettings, ConfigError, Initialization};

fn torchvision() -> AlexNetConfig {
    AlexNetConfig::preset(AlexNetPreset::Torchvision)
}

fn small_images() -> AlexNetConfig {
    AlexNetConfig::preset(AlexNetPreset::SmallImages)
}

#[test]
fn presets_by_name() {
    let names: Vec<&str> = AlexNetPreset::ALL.iter().map(|preset| preset.name()).collect();
    assert_eq!(names, ["torchvision", "paper", "small-images"]);
    for preset in AlexNetPreset::ALL.iter().copied() {
        assert_eq!(to_value(preset).unwrap(), preset.to_string());
        assert_eq!(AlexNetConfig::preset(preset).preset, preset);
        assert_eq!(AlexNetConfig::preset(preset).check(), Ok(()));
    }
}

#[test]
fn absent_fields_are_as_the_preset_has_them() {
    assert_eq!(from_str::<AlexNetConfig>("{}").unwrap(), torchvision());
    let json = r#"{"preset": "paper", "groups": 1, "initialization": "lecun"}"#;
    let paper = AlexNetConfig::preset(AlexNetPreset::Paper);
    let expected = AlexNetConfig { groups: 1, initialization: Initialization::LeCun, ..paper };
    assert_eq!(from_str::<AlexNetConfig>(json).unwrap(), expected);
}

#[test]
fn a_config_survives_json() {
    let config = small_images().with_channels(1).with_dropout(0.25);
    let json = to_value(&config).unwrap();
    assert_eq!(json["preset"], "small-images");
    assert_eq!(json.as_object().unwrap().len(), 17);
    assert_eq!(from_value::<AlexNetConfig>(json).unwrap(), config);
}

#[test]
fn settings_keep_only_what_was_said() {
    let said = json!({"preset": "paper", "widths": [8, 8, 8, 8, 8]});
    let settings: AlexNetSettings = from_value(said.clone()).unwrap();
    assert_eq!(to_value(settings).unwrap(), said);
}

#[test]
fn mistakes_are_refused_where_they_stand() {
    let refusal = |json: &str| from_str::<AlexNetConfig>(json).unwrap_err().to_string();
    let typo = refusal("{\n  \"dropuot\": 0.5\n}");
    assert!(typo.starts_with("unknown field `dropuot`, expected one of `preset`"), "{typo}");
    assert!(typo.ends_with("at line 2 column 11"), "{typo}");
    assert_eq!(
        refusal(r#"{"overlapping_pooling": 1}"#),
        "invalid type: integer `1`, expected a boolean at line 1 column 25"
    );
    assert_eq!(
        refusal(r#"{"widths": [1, 2, 3]}"#),
        "invalid length 3, expected an array of length 5 at line 1 column 20"
    );
}

#[test]
fn the_schema_explains_every_field() {
    let schema = schemars::schema_for!(AlexNetConfig).to_value();
    let settings = schemars::schema_for!(AlexNetSettings).to_value();
    assert_eq!(schema["properties"], settings["properties"]);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert_eq!(schema["properties"]["num_classes"]["description"], "Number of classes.");
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 17);
    assert!(properties.values().all(|property| property["description"].is_string()));
}

#[test]
fn wrong_configs_are_refused_with_the_reason() {
    let wrong = [
        (torchvision().with_num_classes(0), "`num_classes`: expected 1 to 65536, found 0"),
        (
            torchvision().with_image_size(usize::MAX),
            "`image_size`: expected 1 to 65536, found 18446744073709551615",
        ),
        (
            AlexNetConfig { conv1_kernel: 0, ..torchvision() },
            "`conv1_kernel`: expected 1 to 65536, found 0",
        ),
        (
            AlexNetConfig { conv1_stride: 0, ..torchvision() },
            "`conv1_stride`: expected 1 to 65536, found 0",
        ),
        (
            AlexNetConfig { conv2_kernel: 0, ..torchvision() },
            "`conv2_kernel`: expected 1 to 65536, found 0",
        ),
        (AlexNetConfig { groups: 0, ..torchvision() }, "`groups`: expected 1 to 65536, found 0"),
        (
            AlexNetConfig { feature_size: 0, ..torchvision() },
            "`feature_size`: expected 1 to 65536, found 0",
        ),
        (AlexNetConfig { hidden: 0, ..torchvision() }, "`hidden`: expected 1 to 65536, found 0"),
        (
            AlexNetConfig { widths: [8, 8, 0, 8, 8], ..torchvision() },
            "`widths`: expected 1 to 65536, found 0",
        ),
        (torchvision().with_channels(2), "`channels`: expected 1 (grey) or 3 (RGB), found 2"),
        (torchvision().with_dropout(-0.1), "`dropout`: expected 0 to below 1, found -0.1"),
        (torchvision().with_dropout(1.0), "`dropout`: expected 0 to below 1, found 1"),
        (
            AlexNetConfig { groups: 3, ..torchvision() },
            "`widths`: expected multiples of groups (3), found 64",
        ),
        (
            AlexNetConfig { conv2_kernel: 4, ..torchvision() },
            "`conv2_kernel`: expected an odd number, found 4",
        ),
        (
            AlexNetConfig { conv1_padding: 11, ..torchvision() },
            "`conv1_padding`: expected below conv1_kernel (11), found 11",
        ),
        (
            torchvision().with_image_size(62),
            "`image_size`: expected at least 63 px for these layers, found 62 px",
        ),
    ];
    for (config, reason) in wrong {
        assert_eq!(config.check().map_err(|error| error.to_string()), Err(reason.to_owned()));
    }
}

/// 63 px is what torchvision names for its AlexNet.
#[test]
fn the_smallest_image_is_exact() {
    let plain = AlexNetConfig { overlapping_pooling: false, ..torchvision() };
    for (config, smallest) in [(torchvision(), 63), (plain, 35), (small_images(), 15)] {
        assert_eq!(config.clone().with_image_size(smallest).check(), Ok(()));
        let error = ConfigError::ImageTooSmall { found: smallest - 1, smallest };
        assert_eq!(config.with_image_size(smallest - 1).check(), Err(error));
    }
}

#[test]
#[should_panic(expected = "`image_size`: expected at least 63 px for these layers, found 32 px")]
fn init_panics_with_the_reason() {
    torchvision().with_image_size(32).init(&burn::tensor::Device::flex());
}

/// torchvision publishes 0.714 GFLOPS, by which it means multiply-adds.
#[test]
fn multiply_adds_are_those_published() {
    assert_eq!(torchvision().multiply_adds(), 714_188_480);
    assert_eq!(small_images().with_num_classes(10).multiply_adds(), 48_167_936);
}
