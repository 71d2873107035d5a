//! What a network computes stays that of its weights, unless a config says otherwise.

use serde_json::{Value, json};
use zoo_model::ModelSettings;

fn settings(model: &str, fields: &Value) -> ModelSettings {
    serde_json::from_value(json!({ model: fields })).unwrap()
}

/// Each model's setting of that kind with two values, neither of which is that of the first preset.
fn cases() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        ("cnn", "stride", json!(2), json!(3)),
        ("cnn", "padding", json!(0), json!(2)),
        ("cnn", "activation", json!("gelu"), json!("tanh")),
        ("cnn", "pooling", json!("average"), json!("none")),
        ("cnn", "pool_size", json!(3), json!(4)),
        ("cnn", "global_pooling", json!("average"), json!("max")),
        ("cnn", "logit_scale", json!(0.5), json!(0.25)),
        ("alexnet", "conv1_stride", json!(2), json!(3)),
        ("alexnet", "conv1_padding", json!(0), json!(1)),
        ("alexnet", "local_response_norm", json!(true), json!(false)),
        ("alexnet", "overlapping_pooling", json!(false), json!(true)),
        ("resnet", "shortcut", json!("zero-padding"), json!("average-pooling")),
        ("vit", "num_heads", json!(1), json!(2)),
        ("vit", "activation", json!("quick-gelu"), json!("gelu")),
        ("vit", "pooling", json!("mean"), json!("class-token")),
        ("vit", "position", json!("sin-cos"), json!("learned")),
        ("vit", "class_position", json!(false), json!(true)),
        ("vit", "registers", json!(4), json!(2)),
        ("vit", "pre_norm", json!(true), json!(false)),
        ("vit", "layer_scale", json!(0.1), json!(0.2)),
        ("vit", "projection", json!(8), json!(16)),
        ("vit", "layer_norm_epsilon", json!(1e-5), json!(1e-4)),
    ]
}

#[test]
fn a_preset_stands_for_sizes() {
    for (model, key, of_weights, said) in cases() {
        for preset in ModelSettings::presets().iter().filter(|preset| preset.model == model) {
            let weights = settings(model, &json!({ key: of_weights })).resolved();
            let value = |fields: Value| {
                let over = settings(model, &fields).over_weights(&weights).unwrap().resolved();
                serde_json::to_value(over).unwrap()[model][key].clone()
            };
            let name = preset.preset;
            assert_eq!(value(json!({})), of_weights, "{model}: {key}");
            assert_eq!(value(json!({ "preset": name })), of_weights, "{model}, {name}: {key}");
            assert_eq!(value(json!({ "preset": name, key: said })), said, "{model}, {name}: {key}");
        }
    }
}

#[test]
fn sizes_are_those_of_a_preset_that_is_named() {
    let weights = settings("vit", &json!({ "preset": "tiny-16", "depth": 3 })).resolved();
    let depth = |fields: Value| {
        let over = settings("vit", &fields).over_weights(&weights).unwrap().resolved();
        serde_json::to_value(over).unwrap()["vit"]["depth"].clone()
    };
    assert_eq!(depth(json!({})), 3);
    assert_eq!(depth(json!({ "preset": "tiny-16" })), 12);
}

#[test]
fn another_model_is_refused() {
    let weights = settings("cnn", &json!({}));
    let refused = settings("vit", &json!({})).over_weights(&weights).unwrap_err();
    assert_eq!(refused, "is `vit`, but the weights are of `cnn`");
}
