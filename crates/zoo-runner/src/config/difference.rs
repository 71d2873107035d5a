//! Whether two configs come to the same.

use serde_json::Value;
use zoo_data::LoaderConfig;

use super::RunConfig;

/// The first setting in which two configs differ and which changes the result of a run.
pub(crate) fn first_difference(before: &RunConfig, now: &RunConfig) -> Option<String> {
    let comparable = |config: &RunConfig| {
        let mut config = config.clone();
        config.schema = None;
        config.about = Default::default();
        let LoaderConfig { batch_size, sampler, .. } = config.loader;
        config.loader = LoaderConfig { batch_size, sampler, ..Default::default() };
        config.train.log_every = 1;
        config.train.checkpoint = Default::default();
        serde_json::to_value(config).unwrap_or_default()
    };
    difference(&comparable(before), &comparable(now)).map(|path| path.join("."))
}

/// The path to the first place where two documents differ.
fn difference(a: &Value, b: &Value) -> Option<Vec<String>> {
    let (Value::Object(a), Value::Object(b)) = (a, b) else {
        return (a != b).then(Vec::new);
    };
    a.keys().chain(b.keys()).find_map(|key| {
        let [a, b] = [a, b].map(|object| object.get(key).unwrap_or(&Value::Null));
        let mut path = difference(a, b)?;
        path.insert(0, key.clone());
        Some(path)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let config = json!({"seed": 0, "model": {"vit": {"depth": 6}}});
        let other = json!({"seed": 0, "model": {"vit": {"depth": 6, "dropout": 0.1}}});
        assert_eq!(difference(&config, &config), None);
        let path = ["model", "vit", "dropout"].map(String::from).to_vec();
        assert_eq!(difference(&config, &other), Some(path));
    }
}
