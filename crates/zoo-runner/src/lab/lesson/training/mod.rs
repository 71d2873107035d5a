//! Lesson 7: the network learns while one looks, and does otherwise when it is told.

use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zoo_training::run_dir::holds_run;

use super::Lesson;
use crate::{
    config::RunConfig,
    lab::{
        Lab, Numbers, Told, Visit,
        workshop::{self, Controls, Doing, Facts, Point, Workshop},
    },
    serve::refused::Refused,
};

/// Feature maps that are shown at the most.
const MAPS: usize = 32;

pub static LESSON: Lesson = Lesson {
    number: 7,
    name: "training",
    title: "Training live",
    script: include_str!("training.js"),
    routes: || {
        Router::new()
            .route("/open", post(open))
            .route("/tell", post(tell))
            .route("/look", post(look))
    },
};

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
    doing: Doing,
    reason: Option<String>,
    facts: Facts,
    controls: Option<Controls>,
    step: usize,
    epochs: usize,
    steps_per_epoch: usize,
    rate: f64,
    life: usize,
    /// The points that the page does not have yet.
    train: Vec<Point>,
    valid: Vec<Point>,
    confusion: Vec<Vec<usize>>,
    layers: Vec<String>,
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
async fn open(
    Told { lab, looked, asked: Visit { visit } }: Told<Visit>,
) -> Result<Json<Value>, Refused> {
    if let Some(known) = lab.workshops.of(&visit, &looked.network) {
        known.board.set_photo(lab.photo(&looked.photo).await?);
        return Ok(Json(json!({"begins": false})));
    }
    let config = config_of(&lab, &looked.network)?;
    lab.train(visit, looked, Workshop::open(config)).await?;
    Ok(Json(json!({"begins": true})))
}

/// The config that trained a network, from its beginning: without weights of another.
pub fn config_of(lab: &Lab, network: &str) -> Result<RunConfig, Refused> {
    let origin = lab.network(network)?.origin.clone();
    if !holds_run(&origin) {
        return Err(Refused::unusable(format!(
            "{network} comes from a file of weights, which says nothing of its training: choose a run"
        )));
    }
    let config = RunConfig::of_run(&origin, &[]).map_err(Refused::unusable)?;
    Ok(workshop::from_nothing(config))
}

async fn tell(Told { lab, asked: order, .. }: Told<Order>) -> Result<Json<Value>, Refused> {
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

async fn look(Told { lab, asked: glance, .. }: Told<Glance>) -> Result<Numbers<Sight>, Refused> {
    let workshop = lab.workshops.get(&glance.visit)?;
    workshop.board.want(glance.layer);
    let shown = workshop.board.shown();
    let is_same = shown.life == glance.life;
    let new = |points: &[Point], known: usize| match is_same {
        true => points.get(known..).unwrap_or_default().to_vec(),
        false => points.to_vec(),
    };
    let maps = shown.maps.as_ref();
    let values = maps.map_or_else(Vec::new, |found| {
        let places = found.maps.size[0] * found.maps.size[1];
        found.maps.values[..places * found.maps.channels.min(MAPS)].to_vec()
    });
    let header = Sight {
        doing: shown.doing,
        reason: shown.reason.clone(),
        facts: shown.facts.clone(),
        controls: shown.controls,
        step: shown.step,
        epochs: shown.epochs,
        steps_per_epoch: shown.steps_per_epoch,
        rate: shown.rate,
        life: shown.life,
        train: new(&shown.train, glance.train),
        valid: new(&shown.valid, glance.valid),
        confusion: shown.confusion.clone(),
        layers: shown.layers.clone(),
        maps: maps.map(|found| MapsHead {
            layer: found.layer.clone(),
            shown: found.maps.channels.min(MAPS),
            channels: found.maps.channels,
            rows: found.maps.size[0],
            columns: found.maps.size[1],
            step: found.step,
        }),
    };
    drop(shown);
    Ok(Numbers { header, values })
}
