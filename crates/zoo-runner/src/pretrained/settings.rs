//! Which settings of a config make another network than weights are of.

use serde_json::{Map, Value};
use zoo_model::ModelSettings;

/// What to say of a network of that `config` that the `weights` do not fit: its settings that are not
/// theirs; nothing where none is. No fraction changes a tensor's shape.
pub fn advice(config: &ModelSettings, weights: &ModelSettings) -> String {
    let (ours, theirs) = (fields(config), fields(weights));
    let of = |fields: &Map<String, Value>, key| fields.get(key).cloned().unwrap_or_default();
    let told =
        |value: Value| if value.is_null() { String::from("not set") } else { value.to_string() };
    let mut keys: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    keys.sort();
    keys.dedup();
    let shapeless: Vec<&str> = config.shapeless().collect();
    let mut others = Vec::new();
    for key in keys.into_iter().filter(|key| !shapeless.contains(&key.as_str())) {
        let (ours, theirs) = (of(&ours, key), of(&theirs, key));
        if ours != theirs && !(ours.is_f64() && theirs.is_f64()) {
            let (ours, theirs) = (told(ours), told(theirs));
            others.push(format!(
                "`model.{}.{key}` is {ours}, in the weights {theirs}",
                config.name()
            ));
        }
    }
    match others.len() {
        0 => String::new(),
        1 => format!(": {}; leave out what sets it, to have that of the weights", others[0]),
        _ => format!(
            ": {}; leave out what sets them, to have those of the weights",
            others.join(", ")
        ),
    }
}

/// All settings of a network, by their keys.
fn fields(settings: &ModelSettings) -> Map<String, Value> {
    let mut document = serde_json::to_value(settings.resolved()).unwrap_or_default();
    match document[settings.name()].take() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
