//! Settings that a config lists as `SHAPELESS` are settings, and change no network's size.

use serde_json::json;
use zoo_model::{DataShape, ModelSettings};

#[test]
fn no_weight_depends_on_a_shapeless_setting() {
    let others = json!({
        "num_heads": 1,
        "dropout_after_hidden": true,
        "initialization": "paper",
        "zero_init_last_norm": false
    });
    let mut tried = Vec::new();
    for preset in ModelSettings::presets() {
        let document = serde_json::to_value(&preset.settings).unwrap();
        for key in preset.settings.shapeless() {
            assert!(document[preset.model].get(key).is_some(), "{}: `{key}`", preset.model);
            if key == "preset" || DataShape::KEYS.contains(&key) {
                continue;
            }
            let mut document = document.clone();
            document[preset.model][key] = others[key].clone();
            let other: ModelSettings = serde_json::from_value(document).unwrap();
            assert_eq!(
                other.num_params(),
                preset.settings.num_params(),
                "{}: {key}",
                preset.preset
            );
            if other != preset.settings && !tried.contains(&key) {
                tried.push(key);
            }
        }
    }
    tried.sort_unstable();
    let all = ["dropout_after_hidden", "initialization", "num_heads", "zero_init_last_norm"];
    assert_eq!(tried, all);
}
