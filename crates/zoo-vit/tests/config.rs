//! The config: presets, what JSON may say, and what is refused.

use serde_json::{Value, from_str, from_value, json, to_value};
use zoo_vit::{Activation, Pooling, Position, VitConfig, VitPreset, VitSettings};

fn mini() -> VitConfig {
    VitConfig::preset(VitPreset::Mini)
}

#[test]
fn presets_by_name() {
    let names: Vec<&str> = VitPreset::ALL.iter().map(|preset| preset.name()).collect();
    let expected =
        ["mini", "tiny-16", "small-16", "small-32", "base-16", "base-32", "large-16", "large-32"];
    assert_eq!(names, expected);
    for preset in VitPreset::ALL.iter().copied() {
        assert_eq!(to_value(preset).unwrap(), preset.to_string());
        assert_eq!(VitConfig::preset(preset).preset, preset);
        assert_eq!(VitConfig::preset(preset).check(), Ok(()));
    }
}

#[test]
fn absent_fields_are_as_the_preset_has_them() {
    assert_eq!(from_str::<VitConfig>("{}").unwrap(), mini());
    let json = r#"{"preset": "tiny-16", "pooling": "mean", "position": "sin-cos", "depth": 3}"#;
    let tiny = VitConfig::preset(VitPreset::Tiny16);
    let tiny = tiny.with_pooling(Pooling::Mean).with_position(Position::SinCos);
    assert_eq!(from_str::<VitConfig>(json).unwrap(), VitConfig { depth: 3, ..tiny });
}

#[test]
fn a_config_survives_json() {
    let config = mini().with_channels(1).with_drop_path(0.1).with_dropout(0.2).with_patch_size(8);
    let json = to_value(&config).unwrap();
    assert_eq!(json["pooling"], "class-token");
    assert_eq!(json.as_object().unwrap().len(), 18);
    assert_eq!(from_value::<VitConfig>(json).unwrap(), config);
}

#[test]
fn an_activation_is_said_only_where_it_is_another() {
    let json = to_value(mini().with_activation(Activation::QuickGelu)).unwrap();
    assert_eq!(json["activation"], "quick-gelu");
    assert_eq!(from_value::<VitConfig>(json).unwrap().activation, Some(Activation::QuickGelu));
    assert_eq!(to_value(mini()).unwrap().get("activation"), None);
    let explicit = from_str::<VitConfig>(r#"{"activation": "gelu"}"#).unwrap();
    assert_eq!(explicit.activation, Some(Activation::Gelu));
}

#[test]
fn settings_keep_only_what_was_said() {
    let said = json!({"preset": "base-32", "layer_norm_epsilon": 1e-12});
    let settings: VitSettings = from_value(said.clone()).unwrap();
    assert_eq!(to_value(settings).unwrap(), said);
}

#[test]
fn mistakes_are_refused_where_they_stand() {
    let refusal = |json: &str| from_str::<VitConfig>(json).unwrap_err().to_string();
    let typo = refusal("{\n  \"patchsize\": 2\n}");
    assert!(typo.starts_with("unknown field `patchsize`, expected one of `preset`"), "{typo}");
    assert!(typo.ends_with("at line 2 column 13"), "{typo}");
    assert_eq!(
        refusal(r#"{"depth": 2.5}"#),
        "invalid type: floating point `2.5`, expected usize at line 1 column 13"
    );
    assert_eq!(
        refusal(r#"{"position": "sincos"}"#),
        "unknown variant `sincos`, expected `learned` or `sin-cos` at line 1 column 21"
    );
}

#[test]
fn the_schema_explains_every_field() {
    let schema = schemars::schema_for!(VitConfig).to_value();
    let settings = schemars::schema_for!(VitSettings).to_value();
    assert_eq!(schema["properties"], settings["properties"]);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert_eq!(schema["properties"]["depth"]["description"], "Number of encoder blocks.");
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 21);
    assert!(properties.values().all(|property| property["description"].is_string()));
}

#[test]
fn wrong_configs_are_refused_with_the_reason() {
    let sin_cos =
        |embed_dim| VitConfig { embed_dim, num_heads: 1, ..mini().with_position(Position::SinCos) };
    let sin_cos_reason = |found| {
        format!(
            "`embed_dim`: expected a multiple of 4 and at least 8 for sin-cos positions, found {found}"
        )
    };
    let (reason_6, reason_4) = (sin_cos_reason(6), sin_cos_reason(4));
    let wrong = [
        (mini().with_num_classes(65_537), "`num_classes`: expected 0 to 65536, found 65537"),
        (
            VitConfig { registers: 65_537, ..mini() },
            "`registers`: expected 0 to 65536, found 65537",
        ),
        (VitConfig { projection: Some(0), ..mini() }, "`projection`: expected 1 to 65536, found 0"),
        (
            VitConfig { layer_scale: Some(0.0), ..mini() },
            "`layer_scale`: expected a number above 0, found 0",
        ),
        (mini().with_image_size(0), "`image_size`: expected 1 to 65536, found 0"),
        (mini().with_patch_size(0), "`patch_size`: expected 1 to 65536, found 0"),
        (VitConfig { embed_dim: 0, ..mini() }, "`embed_dim`: expected 1 to 65536, found 0"),
        (VitConfig { depth: 0, ..mini() }, "`depth`: expected 1 to 65536, found 0"),
        (VitConfig { num_heads: 0, ..mini() }, "`num_heads`: expected 1 to 65536, found 0"),
        (VitConfig { mlp_dim: 65_537, ..mini() }, "`mlp_dim`: expected 1 to 65536, found 65537"),
        (mini().with_channels(2), "`channels`: expected 1 (grey) or 3 (RGB), found 2"),
        (mini().with_dropout(1.0), "`dropout`: expected 0 to below 1, found 1"),
        (mini().with_drop_path(-0.5), "`drop_path`: expected 0 to below 1, found -0.5"),
        (
            VitConfig { weight_deviation: 0.0, ..mini() },
            "`weight_deviation`: expected a number above 0, found 0",
        ),
        (
            VitConfig { layer_norm_epsilon: 0.0, ..mini() },
            "`layer_norm_epsilon`: expected a number above 0, found 0",
        ),
        (
            mini().with_image_size(30),
            "`image_size`: expected a multiple of patch_size (4 px), found 30 px",
        ),
        (
            mini().with_image_size(2),
            "`image_size`: expected a multiple of patch_size (4 px), found 2 px",
        ),
        (
            VitConfig { num_heads: 3, ..mini() },
            "`embed_dim`: expected a multiple of num_heads (3), found 128",
        ),
        (sin_cos(6), &reason_6),
        (sin_cos(4), &reason_4),
    ];
    for (config, reason) in wrong {
        assert_eq!(config.check().map_err(|error| error.to_string()), Err(reason.to_owned()));
    }
}

#[test]
#[should_panic(expected = "`image_size`: expected a multiple of patch_size (4 px), found 29 px")]
fn init_panics_with_the_reason() {
    mini().with_image_size(29).init(&burn::tensor::Device::flex());
}

/// Published: 1.26 G for Ti/16, 4.61 G for S/16, 17.58 G for B/16, 4.4 G for B/32, 61.6 G for L/16.
#[test]
fn multiply_adds_are_those_published() {
    let published = [
        (VitPreset::Tiny16, 1.26),
        (VitPreset::Small16, 4.61),
        (VitPreset::Base16, 17.58),
        (VitPreset::Base32, 4.4),
        (VitPreset::Large16, 61.6),
    ];
    for (preset, expected) in published {
        let found = VitConfig::preset(preset).multiply_adds() as f64 / 1e9;
        assert!((found / expected - 1.0).abs() < 0.01, "{preset}: {found}, published {expected}");
    }
    let by_hand = 196 * 768 * 192 + 12 * (197 * 12 * 192 * 192 + 2 * 197 * 197 * 192) + 192 * 1000;
    assert_eq!(VitConfig::preset(VitPreset::Tiny16).multiply_adds(), by_hand);
}
