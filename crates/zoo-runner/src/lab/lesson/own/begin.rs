//! How a network begins to learn the learner's classes.

use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    config::RunConfig,
    lab::{Answer, Lab, Told, collection::Snapshot, workshop::Workshop},
    serve::refused::Refused,
};

/// Images of a batch: there are few photos.
const BATCH: usize = 8;
/// Sides in pixels of what a network from nothing sees of a photo.
const SMALL: usize = 64;
/// Where photos are before they are saved: nowhere.
const UNSAVED: &str = "photos";

/// With what a network begins, and what of it is trained.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A head is fitted to what the network above sees.
    Head,
    /// All of the network above is trained, with a new head.
    All,
    /// A small CNN begins with nothing.
    Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    visit: String,
    method: Method,
}

/// Opens a training on the photos as they are now, in place of the one of this visit.
pub async fn open(
    Told { lab, looked, asked: Begin { visit, method } }: Told<Begin>,
) -> Answer<Json<Value>> {
    let collection = lab.collections.of(&visit);
    let snapshot = Arc::new(collection.lock().snapshot()?);
    let config = config(&lab, &looked.network, method, &snapshot)?;
    let data = snapshot.clone();
    let workshop = Workshop::open_on(config, move |config| data.dataset(config), |_| Ok(()));
    lab.train(visit, looked, workshop).await?;
    let mut collection = collection.lock();
    (collection.trained, collection.saved) = (Some(snapshot), None);
    Ok(Json(json!({"begins": true})))
}

/// The config of a method on photos that lie in no folder yet.
fn config(lab: &Lab, network: &str, method: Method, photos: &Snapshot) -> Answer<RunConfig> {
    let network = lab.network(network)?;
    let kind = network.info.model.name();
    let about = |what: &str| json!({"what": what, "command": "zoo lab --lesson 11"});
    let mut value = match method {
        Method::Nothing => json!({
            "about": about("A small CNN on photos of one's own, from nothing."),
            "data": {"folder": {"root": UNSAVED, "preprocess": {"image_size": SMALL}}},
            "augment": [{"random-crop": {"padding": 6}}, {"horizontal-flip": {}}],
            "model": {"cnn": {"preset": "small"}},
            "optimizer": {"adamw": {"learning_rate": 0.001, "weight_decay": 0.05}},
            "schedule": {"cosine": {"warmup": {"fraction": 0.1}}},
            "train": {"epochs": 20, "clip_grad_norm": 5.0},
        }),
        Method::Head => json!({
            "about": about("A new head on photos of one's own, fitted to what a trained network sees."),
            "data": {"folder": {"root": UNSAVED}},
            "model": {kind: {}},
            "fine_tune": {"method": "linear-probe", "head": "new"},
        }),
        Method::All => json!({
            "about": about("A trained network that goes on with photos of one's own."),
            "data": {"folder": {"root": UNSAVED}},
            "augment": [{"random-resized-crop": {"scale": [0.7, 1.0]}}, {"horizontal-flip": {}}],
            "model": {kind: {}},
            "fine_tune": {"head": "new", "head_learning_rate": 0.003},
            "optimizer": {"adamw": {"learning_rate": 0.0003, "weight_decay": 0.05}},
            "schedule": {"cosine": {"warmup": {"fraction": 0.1}}},
            "train": {"epochs": 10, "clip_grad_norm": 5.0},
        }),
    };
    if !matches!(method, Method::Nothing) {
        let origin = network.origin.to_str();
        let origin =
            origin.ok_or_else(|| Refused::unusable("the path of the network is no text"))?;
        value["pretrained"] = json!(origin);
    }
    value["loader"] = json!({"batch_size": BATCH.min(photos.train_images())});
    let config = serde_json::from_value(value);
    config.map_err(|error| Refused::failed(format!("the recipe of the lesson: {error}")))
}
