//! The config: presets, what JSON may say, and what is refused.

use serde_json::{Value, from_str, from_value, json, to_value};
use zoo_cnn::{CnnConfig, CnnPreset, CnnSettings, ConfigError, Pooling};

fn small() -> CnnConfig {
    CnnConfig::preset(CnnPreset::Small)
}

#[test]
fn presets_by_name() {
    assert_eq!(
        CnnPreset::ALL.iter().map(|preset| preset.name()).collect::<Vec<_>>(),
        ["small", "residual"]
    );
    for preset in CnnPreset::ALL.iter().copied() {
        assert_eq!(to_value(preset).unwrap(), preset.to_string());
        assert_eq!(CnnConfig::preset(preset).preset, preset);
        assert_eq!(CnnConfig::preset(preset).check(), Ok(()));
    }
}

#[test]
fn absent_fields_are_as_the_preset_has_them() {
    assert_eq!(from_str::<CnnConfig>("{}").unwrap(), small());
    let config: CnnConfig =
        from_str(r#"{"preset": "residual", "stem": 0, "widths": [16]}"#).unwrap();
    let expected = CnnConfig { stem: 0, ..CnnConfig::preset(CnnPreset::Residual) };
    assert_eq!(config, expected.with_widths([16]));
}

#[test]
fn a_config_survives_json() {
    let config = CnnConfig { pooling: Pooling::Average, ..small().with_channels(1) };
    let json = to_value(&config).unwrap();
    assert_eq!(json["pooling"], "average");
    assert_eq!(json.as_object().unwrap().len(), 18);
    assert_eq!(from_value::<CnnConfig>(json).unwrap(), config);
}

#[test]
fn settings_keep_only_what_was_said() {
    let said = json!({"preset": "small", "dropout": 0.5});
    let settings: CnnSettings = from_value(said.clone()).unwrap();
    assert_eq!(to_value(settings).unwrap(), said);
}

#[test]
fn mistakes_are_refused_where_they_stand() {
    let refusal = |json: &str| from_str::<CnnConfig>(json).unwrap_err().to_string();
    let typo = refusal("{\n  \"dropuot\": 0.5\n}");
    assert!(
        typo.starts_with("unknown field `dropuot`, expected one of `preset`, `num_classes`"),
        "{typo}"
    );
    assert!(typo.ends_with("at line 2 column 11"), "{typo}");
    assert_eq!(
        refusal(r#"{"num_classes": "ten"}"#),
        "invalid type: string \"ten\", expected usize at line 1 column 21"
    );
    assert_eq!(
        refusal(r#"{"preset": "big"}"#),
        "unknown variant `big`, expected `small` or `residual` at line 1 column 16"
    );
}

#[test]
fn the_schema_explains_every_field() {
    let schema = schemars::schema_for!(CnnConfig).to_value();
    let settings = schemars::schema_for!(CnnSettings).to_value();
    assert_eq!(schema["properties"], settings["properties"]);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert_eq!(schema["properties"]["num_classes"]["description"], "Number of classes.");
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 18);
    assert!(properties.values().all(|property| property["description"].is_string()));
}

#[test]
fn wrong_configs_are_refused_with_the_reason() {
    let residual = || CnnConfig::preset(CnnPreset::Residual);
    let wrong = [
        (small().with_num_classes(0), "`num_classes`: expected 1 to 65536, found 0"),
        (small().with_image_size(65_537), "`image_size`: expected 1 to 65536, found 65537"),
        (CnnConfig { kernel_size: 0, ..small() }, "`kernel_size`: expected 1 to 65536, found 0"),
        (CnnConfig { stride: 0, ..small() }, "`stride`: expected 1 to 65536, found 0"),
        (CnnConfig { pool_size: 0, ..small() }, "`pool_size`: expected 1 to 65536, found 0"),
        (CnnConfig { stem: 65_537, ..small() }, "`stem`: expected 1 to 65536, found 65537"),
        (
            CnnConfig { hidden: usize::MAX, ..small() },
            "`hidden`: expected 1 to 65536, found 18446744073709551615",
        ),
        (small().with_widths([32, 0]), "`widths`: expected 1 to 65536, found 0"),
        (small().with_widths([]), "widths must name at least one stage, found an empty list"),
        (small().with_channels(4), "`channels`: expected 1 (grey) or 3 (RGB), found 4"),
        (small().with_dropout(1.0), "`dropout`: expected 0 to below 1, found 1"),
        (small().with_dropout(f64::NAN), "`dropout`: expected 0 to below 1, found NaN"),
        (CnnConfig { padding: 3, ..small() }, "`padding`: expected below kernel_size (3), found 3"),
        (
            CnnConfig { kernel_size: 4, ..residual() },
            "`kernel_size`: expected an odd number with a stem or residual convolutions, found 4",
        ),
        (
            small().with_image_size(7),
            "`image_size`: expected at least 8 px for these stages, found 7 px",
        ),
        (
            CnnConfig { logit_scale: 0.0, ..small() },
            "`logit_scale`: expected a number above 0, found 0",
        ),
    ];
    for (config, reason) in wrong {
        assert_eq!(config.check().map_err(|error| error.to_string()), Err(reason.to_owned()));
    }
}

/// Checked by hand: 5 <- 3 x 3 windows at step 2 leave one 2 x 2 pool, and so on outward.
#[test]
fn the_smallest_image_is_exact() {
    let config = CnnConfig { stride: 2, padding: 0, ..small() }.with_widths([8, 8]);
    let smallest = 21;
    assert_eq!(config.clone().with_image_size(smallest).check(), Ok(()));
    let error = ConfigError::ImageTooSmall { found: smallest - 1, smallest };
    assert_eq!(config.with_image_size(smallest - 1).check(), Err(error));
}

#[test]
#[should_panic(expected = "`image_size`: expected at least 8 px for these stages, found 2 px")]
fn init_panics_with_the_reason() {
    small().with_image_size(2).init(&burn::tensor::Device::flex());
}

#[test]
fn multiply_adds_of_each_layer() {
    let small = small().with_num_classes(10);
    let layers = [1024 * 27 * 32, 256 * 288 * 64, 64 * 576 * 128, 2048 * 256, 256 * 10];
    assert_eq!(small.multiply_adds(), layers.iter().sum::<u64>());

    let equal = 18_874_368;
    let residual = CnnConfig::preset(CnnPreset::Residual).with_num_classes(10);
    assert_eq!(residual.multiply_adds(), 1024 * 27 * 32 + 6 * equal + 256 * 10);
}
