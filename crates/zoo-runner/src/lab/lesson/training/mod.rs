//! Lesson 7: the network learns while one looks, and does otherwise when it is told.

use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zoo_training::run_dir::holds_run;

use crate::{
    config::RunConfig,
    lab::{
        Answer, Lab, Numbers, Told, Visit,
        workshop::{self, Controls, Shown, Workshop},
    },
    serve::refused::Refused,
};

/// Feature maps that are shown at the most.
const MAPS: usize = 32;

pub fn routes() -> Router<Lab> {
    Router::new().route("/open", post(open)).route("/tell", post(tell)).route("/look", post(look))
}

/// What a network in training is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    visit: String,
    tell: Word,
    /// Of `controls`.
    controls: Option<Controls>,
}

/// What it can be told.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Play,
    Pause,
    Step,
    Reset,
    Controls,
}

/// What the page has already, and wants to see.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Glance {
    visit: String,
    /// The life that its curves are of, and how many points it has of them.
    life: usize,
    train: usize,
    valid: usize,
    /// The layer whose maps are wanted.
    layer: Option<String>,
}

/// What is to be seen; the numbers behind it are feature maps, map by map, row by row.
#[derive(Serialize)]
struct Sight {
    /// Without the points that the page has already.
    #[serde(flatten)]
    shown: Shown,
    maps: Option<MapsHead>,
}

#[derive(Serialize)]
struct MapsHead {
    layer: String,
    shown: usize,
    channels: usize,
    rows: usize,
    columns: usize,
    step: usize,
}

/// Opens the training of a network anew, or goes on with that of the same visit.
async fn open(Told { lab, looked, asked: Visit { visit } }: Told<Visit>) -> Answer<Json<Value>> {
    if let Some(known) = lab.workshops.of(&visit, &looked.network) {
        known.board.set_photo(lab.photo(&looked.photo).await?);
        return Ok(Json(json!({"begins": false})));
    }
    let config = config_of(&lab, &looked.network)?;
    lab.train(visit, looked, Workshop::open(config)).await?;
    Ok(Json(json!({"begins": true})))
}

/// The config that trained a network, from its beginning: without weights of another.
pub fn config_of(lab: &Lab, network: &str) -> Answer<RunConfig> {
    let origin = lab.network(network)?.origin.clone();
    if !holds_run(&origin) {
        return Err(Refused::unusable(format!(
            "{network} comes from a file of weights, which says nothing of its training: choose a run"
        )));
    }
    let config = RunConfig::of_run(&origin, &[]).map_err(Refused::unusable)?;
    Ok(workshop::from_nothing(config))
}

async fn tell(Told { lab, asked: order, .. }: Told<Order>) -> Answer<Json<Value>> {
    let told = match (order.tell, order.controls) {
        (Word::Controls, Some(controls)) => workshop::Told::Take(controls),
        (Word::Controls, None) => return Err(Refused::bad("`controls` are missing")),
        (_, Some(_)) => {
            return Err(Refused::bad("`controls` go with `\"tell\": \"controls\"` alone"));
        }
        (Word::Play, None) => workshop::Told::Play,
        (Word::Pause, None) => workshop::Told::Pause,
        (Word::Step, None) => workshop::Told::Step,
        (Word::Reset, None) => workshop::Told::Reset,
    };
    lab.workshops.get(&order.visit)?.tell(told)?;
    Ok(Json(json!({"told": true})))
}

async fn look(Told { lab, asked: glance, .. }: Told<Glance>) -> Answer<Numbers<Sight>> {
    let workshop = lab.workshops.get(&glance.visit)?;
    workshop.board.want(glance.layer);
    let mut shown = workshop.board.shown().clone();
    if shown.life == glance.life {
        shown.train.drain(..glance.train.min(shown.train.len()));
        shown.valid.drain(..glance.valid.min(shown.valid.len()));
    }
    let found = shown.maps.take();
    let values = found.as_ref().map_or_else(Vec::new, |found| {
        let places = found.maps.size[0] * found.maps.size[1];
        found.maps.values[..places * found.maps.channels.min(MAPS)].to_vec()
    });
    let maps = found.map(|found| MapsHead {
        layer: found.layer.clone(),
        shown: found.maps.channels.min(MAPS),
        channels: found.maps.channels,
        rows: found.maps.size[0],
        columns: found.maps.size[1],
        step: found.step,
    });
    Ok(Numbers { header: Sight { shown, maps }, values })
}
