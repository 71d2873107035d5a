//! Whether two configs give the same results.

use serde_json::{Map, Value};
use zoo_data::LoaderConfig;

use super::{RunConfig, refuse};
use crate::Error;

/// Settings of data that change no image.
const IDLE: [&str; 1] = ["cache_mb"];
/// Those, and the ones that say where the images are and what of them is left out. Which images come of it
/// is told by the data's fingerprint.
const WHEREABOUTS: [&str; 4] = ["root", "path", "on_unreadable", "cache_mb"];

/// The first setting in which two configs differ and which changes the result of a run.
pub(crate) fn first_difference(before: &RunConfig, now: &RunConfig) -> Option<String> {
    first_but(&IDLE, before, now)
}

/// The first setting in which two configs of data with the same fingerprint differ and which changes the
/// result of a run.
pub(crate) fn first_difference_on_same_data(before: &RunConfig, now: &RunConfig) -> Option<String> {
    first_but(&WHEREABOUTS, before, now)
}

/// The first difference, but for these settings of data and all that changes no result.
fn first_but(of_data: &[&str], before: &RunConfig, now: &RunConfig) -> Option<String> {
    let comparable = |config: &RunConfig| {
        let mut config = config.clone();
        config.schema = None;
        config.about = Default::default();
        let LoaderConfig { batch_size, sampler, .. } = config.loader;
        config.loader = LoaderConfig { batch_size, sampler, ..Default::default() };
        config.train.log_every = 1;
        config.train.checkpoint = Default::default();
        // A setting that came after the older of the two has its default there.
        config.model = config.model.resolved();
        let mut document = serde_json::to_value(config).unwrap_or_default();
        if let Some(data) = dataset(&mut document["data"]) {
            of_data.iter().for_each(|key| drop(data.remove(*key)));
        }
        document
    };
    difference(&comparable(before), &comparable(now)).map(|path| path.join("."))
}

/// The settings of the dataset that a `data` block names.
fn dataset(data: &mut Value) -> Option<&mut Map<String, Value>> {
    data.as_object_mut()?.values_mut().next()?.as_object_mut()
}

impl RunConfig {
    /// Takes over from `before`, the config of a run that has a checkpoint, what was taken over from the
    /// pretrained weights when it began: they are not needed any more.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the network is another model.
    pub(crate) fn settle_as(&mut self, before: &Self) -> Result<(), Error> {
        let is_same = |now: &String, before: &String| {
            before.strip_prefix(now.as_str()).is_some_and(|rest| rest.starts_with('@'))
        };
        if self
            .pretrained
            .as_ref()
            .zip(before.pretrained.as_ref())
            .is_some_and(|(a, b)| is_same(a, b))
        {
            self.pretrained = before.pretrained.clone();
        }
        self.model =
            self.model.over_weights(&before.model).map_err(|message| refuse("model", message))?;
        let unreadable = |error: serde_json::Error| refuse("data", error.to_string());
        let mut data = serde_json::to_value(&self.data).map_err(unreadable)?;
        let mut old = serde_json::to_value(&before.data).map_err(unreadable)?;
        if let (Some(data), Some(old)) = (dataset(&mut data), dataset(&mut old)) {
            fill(&mut data["preprocess"], &old["preprocess"]);
        }
        self.data = serde_json::from_value(data).map_err(unreadable)?;
        self.check()
    }
}

/// Gives `settings` what it leaves open and `before` says.
fn fill(settings: &mut Value, before: &Value) {
    if let (Value::Object(settings), Value::Object(before)) = (settings, before) {
        for (key, value) in before {
            let setting = settings.entry(key.clone()).or_insert(Value::Null);
            if setting.is_null() {
                *setting = value.clone();
            }
        }
    }
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

    fn config(document: Value) -> RunConfig {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn where_the_same_images_are_makes_no_difference() {
        let at = |root: &str, cache_mb: usize, workers: usize, side: usize| {
            config(json!({
                "data": {"folder": {
                    "root": root, "cache_mb": cache_mb, "preprocess": {"image_size": side}
                }},
                "loader": {"workers": workers},
                "model": {"cnn": {}}
            }))
        };
        let (a, b) = (at("a", 512, 2, 32), at("b/c", 0, 7, 32));
        assert_eq!(first_difference_on_same_data(&a, &b), None);
        assert_eq!(first_difference(&a, &b).unwrap(), "data.folder.root");
        assert_eq!(first_difference(&a, &at("a", 0, 7, 32)), None);
        let path = "data.folder.preprocess.image_size";
        assert_eq!(first_difference_on_same_data(&a, &at("b", 512, 2, 64)).unwrap(), path);
        let table = |path: &str| {
            config(
                json!({"data": {"manifest": {"path": path, "root": path}}, "model": {"cnn": {}}}),
            )
        };
        assert_eq!(first_difference_on_same_data(&table("a.csv"), &table("b.csv")), None);
    }

    #[test]
    fn what_weights_had_said_is_taken_from_the_run() {
        let with = |image_size: Value, model: Value, pretrained: &str| {
            config(json!({
                "data": {"folder": {"root": "a", "preprocess": {"image_size": image_size}}},
                "model": {"vit": model},
                "pretrained": pretrained
            }))
        };
        let before = with(json!(64), json!({"depth": 2, "embed_dim": 12}), "timm/x@1f");
        let settle = |mut now: RunConfig| {
            now.settle_as(&before).unwrap();
            first_difference(&before, &now)
        };
        assert_eq!(settle(with(Value::Null, json!({}), "timm/x")), None);
        assert_eq!(settle(with(Value::Null, json!({}), "timm/x@1f")), None);
        // A preset is about sizes: what no tensor shows stays the weights'.
        let mut model = json!({"preset": "mini", "depth": 2, "embed_dim": 12});
        let mut now = with(Value::Null, model.clone(), "timm/x");
        (model["num_heads"], model["activation"]) = (json!(2), json!("relu"));
        let trained = with(json!(64), model, "timm/x@1f");
        now.settle_as(&trained).unwrap();
        assert_eq!(first_difference(&trained, &now), None);
        let differs = |now| settle(now).unwrap();
        assert_eq!(differs(with(Value::Null, json!({}), "timm/y")), "pretrained");
        assert_eq!(
            differs(with(json!(32), json!({}), "timm/x")),
            "data.folder.preprocess.image_size"
        );
        assert_eq!(differs(with(Value::Null, json!({"depth": 3}), "timm/x")), "model.vit.depth");
    }

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let config = json!({"seed": 0, "model": {"vit": {"depth": 6}}});
        let other = json!({"seed": 0, "model": {"vit": {"depth": 6, "dropout": 0.1}}});
        assert_eq!(difference(&config, &config), None);
        let path = ["model", "vit", "dropout"].map(String::from).to_vec();
        assert_eq!(difference(&config, &other), Some(path));
    }
}
