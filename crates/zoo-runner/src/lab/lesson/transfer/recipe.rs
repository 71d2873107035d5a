//! What both sides are trained with, and what one of them has been trained with before.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zoo_model::WeightsInfo;
use zoo_training::{
    FineTuneConfig,
    fine_tune::{Freeze, Head},
};

use crate::{
    config::RunConfig,
    lab::{Answer, collection::Snapshot},
    serve::refused::Refused,
};

/// Animals that a network learns before, and those of which there are few images later.
pub const FIRST: [&str; 5] = ["dolphin", "sea-turtle", "octopus", "crab", "jellyfish"];
pub const LATER: [&str; 5] = ["seahorse", "starfish", "shark", "whale", "ray"];
/// Images of each class that can be asked for.
const EACH: std::ops::RangeInclusive<usize> = 1..=100;
/// Images of a batch: there are few.
const BATCH: usize = 16;

/// The few images.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Photos {
    /// So many drawings of each of [`LATER`].
    Drawn(usize),
    /// The photos of a visit of lesson 11.
    Own(String),
}

/// A config, and what of it differs from a shipped one.
pub struct Recipe {
    pub config: RunConfig,
    /// The keys that are given.
    given: Map<String, Value>,
}

impl Recipe {
    /// The same with weights to begin with, and a new head.
    pub fn pretrained(mut self, origin: &str, freeze: Freeze) -> Self {
        let fine_tune = FineTuneConfig { head: Head::New, freeze, ..FineTuneConfig::default() };
        self.given.insert(String::from("pretrained"), json!(origin));
        let said = json!({"head": "new", "freeze": fine_tune.freeze});
        self.given.insert(String::from("fine_tune"), said);
        self.config.pretrained = Some(origin.to_string());
        self.config.fine_tune = fine_tune;
        self
    }

    /// The `KEY=VALUE` with which `zoo train quickstart` does the same.
    pub fn sets(&self) -> Vec<String> {
        self.given.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }
}

/// A training on few images, of a network like this one: drawings, or `own` photos. Where those have been saved, they
/// lie at `saved`.
///
/// # Errors
///
/// 400 for a number out of range.
pub fn few(
    like: &WeightsInfo,
    photos: &Photos,
    own: Option<&Snapshot>,
    saved: Option<&str>,
) -> Answer<Recipe> {
    let preprocess = json!({"image_size": like.preprocess.image_size});
    let data = match photos {
        Photos::Drawn(each) if !EACH.contains(each) => {
            let (least, most) = (EACH.start(), EACH.end());
            return Err(Refused::bad(format!(
                "`photos.drawn`: expected {least} to {most} images of each class, found {each}"
            )));
        }
        Photos::Drawn(each) => json!({"sea": {
            "train": 1000, "valid": 200, "test": 10, "seed": 9, "classes": LATER,
            "subset": {"images_per_class": each}, "preprocess": preprocess,
        }}),
        Photos::Own(_) => {
            let root = saved.map_or_else(|| String::from("photos"), |run| format!("{run}/photos"));
            json!({"folder": {"root": root, "preprocess": preprocess}})
        }
    };
    let images = match photos {
        Photos::Drawn(each) => each * LATER.len(),
        Photos::Own(_) => own.map_or(BATCH, Snapshot::train_images),
    };
    config(like, data, (json!({"constant": {}}), 30), BATCH.min(images))
}

/// The training of a network like this one on [`FIRST`].
///
/// # Errors
///
/// 500 if there is no such recipe.
pub fn first(like: &WeightsInfo) -> Answer<Recipe> {
    let preprocess = json!({"image_size": like.preprocess.image_size});
    let data = json!({"sea": {
        "train": 4000, "valid": 200, "test": 10, "seed": 8, "classes": FIRST, "preprocess": preprocess,
    }});
    let schedule = json!({"cosine": {"warmup": {"fraction": 0.1}}});
    config(like, data, (schedule, 8), BATCH)
}

fn config(
    like: &WeightsInfo,
    data: Value,
    (schedule, epochs): (Value, usize),
    batch_size: usize,
) -> Answer<Recipe> {
    let refused =
        |error: serde_json::Error| Refused::failed(format!("the recipe of the lesson: {error}"));
    let mut model = serde_json::to_value(&like.model).map_err(refused)?;
    // What follows from the data.
    if let Some(settings) = model[like.model.name()].as_object_mut() {
        settings.retain(|name, _| name != "num_classes" && name != "channels");
    }
    let given = json!({
        "data": data, "augment": [], "model": model, "loss": {"cross-entropy": {}},
        "optimizer": {"adamw": {"learning_rate": 0.001, "weight_decay": 0.05}},
        "schedule": schedule, "loader": {"batch_size": batch_size},
        "train": {"epochs": epochs, "clip_grad_norm": 5.0},
    });
    let mut config: RunConfig = serde_json::from_value(given.clone()).map_err(refused)?;
    // Both sides see the same numbers.
    config.data.take_over(&like.preprocess);
    let mut given = given.as_object().cloned().unwrap_or_default();
    given.insert(String::from("data"), serde_json::to_value(&config.data).map_err(refused)?);
    Ok(Recipe { config, given })
}

#[cfg(test)]
mod tests {
    use zoo_data::sea::CLASSES;

    use super::*;

    #[test]
    fn the_animals_are_all_there_are_each_once() {
        let mut all = [FIRST, LATER].concat();
        all.sort_unstable();
        let mut known = CLASSES.to_vec();
        known.sort_unstable();
        assert_eq!(all, known);
    }
}
