//! Lesson 6: what one step does to the weights, and how long it may be.

mod descent;
mod surface;

use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zoo_data::Batch;
use zoo_model::{AnyModel, on_model};

use self::{
    descent::{Descent, descend},
    surface::Slice,
};
use crate::{
    Error,
    job::Parts,
    lab::{
        Answer, Lab, Numbers, Told, Visit,
        workshop::{self, Workshop},
    },
    serve::refused::Refused,
};

/// The most steps that are taken on one batch.
const STEPS: usize = 50;
/// Learning rates that are tried, from the least to the most, and how far apart: a factor of 10^(1/5).
const RATES: std::ops::RangeInclusive<i32> = -25..=10;
/// The most places of a row of the surface.
const SIDE: usize = 41;

pub fn routes() -> Router<Lab> {
    Router::new()
        .route("/open", post(open))
        .route("/step", post(step))
        .route("/rates", post(rates))
        .route("/surface", post(row))
}

/// Which weights are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Weights {
    /// Those before the first step of the run.
    Fresh,
    /// Those that the run has kept.
    Trained,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stepping {
    visit: String,
    weights: Weights,
    rate: f64,
    steps: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rating {
    visit: String,
    weights: Weights,
    /// Which of the learning rates, as a power of 10^(1/5).
    power: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SurfaceRow {
    visit: String,
    weights: Weights,
    /// Draws the directions.
    seed: u64,
    /// Places of a row and of a column, an odd number, so that the network itself is in the middle.
    side: usize,
    row: usize,
    /// How far the slice reaches, in lengths of the network's own filters.
    reach: f64,
}

#[derive(Serialize)]
struct Opened {
    /// The optimizer of the run, and its learning rate.
    optimizer: String,
    rate: f64,
    images: usize,
}

/// Opens the data of the network's run, unless that is done.
async fn open(Told { lab, looked, asked: Visit { visit } }: Told<Visit>) -> Answer<Json<Opened>> {
    if lab.workshops.of(&visit, &looked.network).is_none() {
        let config = super::training::config_of(&lab, &looked.network)?;
        lab.train(visit.clone(), looked, Workshop::open(config)).await?;
    }
    let workshop = lab.workshops.get(&visit)?;
    let opened = workshop.errand(|parts| {
        Ok(Opened {
            optimizer: workshop::name_of(&parts.config.optimizer),
            rate: parts.settings.optimizer.learning_rate(),
            images: parts.config.loader.batch_size.min(parts.data.train.len()),
        })
    });
    Ok(Json(opened.await?))
}

async fn step(Told { lab, looked, asked }: Told<Stepping>) -> Answer<Json<Descent>> {
    let Stepping { visit, weights, rate, steps } = asked;
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(Refused::bad(format!(
            "`rate`: expected a finite number above 0, found {rate}"
        )));
    }
    if !(1..=STEPS).contains(&steps) {
        return Err(Refused::bad(format!("`steps`: expected 1 to {STEPS}, found {steps}")));
    }
    let origin = lab.network(&looked.network)?.origin.clone();
    let workshop = lab.workshops.get(&visit)?;
    let descent = workshop.errand(move |parts| {
        let (model, batches) = (model(parts, &origin, weights)?, first_batches(parts)?);
        on_model!(model, model => descend(model, parts, &batches, rate, steps))
    });
    Ok(Json(descent.await?))
}

/// The loss after one step of a learning rate.
async fn rates(Told { lab, looked, asked }: Told<Rating>) -> Answer<Json<Value>> {
    let Rating { visit, weights, power } = asked;
    if !RATES.contains(&power) {
        let (low, high) = (RATES.start(), RATES.end());
        return Err(Refused::bad(format!("`power`: expected {low} to {high}, found {power}")));
    }
    let rate = 10f64.powf(f64::from(power) / 5.0);
    let origin = lab.network(&looked.network)?.origin.clone();
    let workshop = lab.workshops.get(&visit)?;
    let descent = workshop.errand(move |parts| {
        let (model, batches) = (model(parts, &origin, weights)?, first_batches(parts)?);
        on_model!(model, model => descend(model, parts, &batches, rate, 1))
    });
    let after = descent.await?.losses.get(1).copied();
    Ok(Json(json!({"rate": rate, "loss": after.filter(|loss| loss.is_finite())})))
}

/// A row of the loss surface.
async fn row(Told { lab, looked, asked }: Told<SurfaceRow>) -> Answer<Numbers<Value>> {
    let SurfaceRow { visit, weights, seed, side, row, reach } = asked;
    if !(3..=SIDE).contains(&side) || side.is_multiple_of(2) {
        return Err(Refused::bad(format!(
            "`side`: expected an odd number from 3 to {SIDE}, found {side}"
        )));
    }
    if row >= side {
        return Err(Refused::bad(format!("`row`: expected below {side}, found {row}")));
    }
    if !(reach > 0.0 && reach <= 10.0) {
        return Err(Refused::bad(format!("`reach`: expected above 0 to 10, found {reach}")));
    }
    let origin = lab.network(&looked.network)?.origin.clone();
    let workshop = lab.workshops.get(&visit)?;
    let values = workshop.errand(move |parts| {
        let (model, batches) = (model(parts, &origin, weights)?, first_batches(parts)?);
        let middle = (side / 2) as f64;
        let at = |place: usize| reach * (place as f64 - middle) / middle;
        on_model!(model, model => {
            let slice = Slice::new(model, seed);
            (0..side).map(|column| slice.loss(parts, &batches, [at(column), at(row)])).collect::<Result<Vec<f32>, Error>>()
        })
    });
    Ok(Numbers { header: json!({"row": row}), values: values.await? })
}

/// The network of a run, before or after its training.
fn model(parts: &Parts, origin: &std::path::Path, weights: Weights) -> Result<AnyModel, Error> {
    let mut model = parts.model.clone();
    if weights == Weights::Trained {
        model.load(&zoo_training::run_dir::find_weights(origin)?)?;
    }
    Ok(model)
}

/// The batches of the run's first step.
fn first_batches(parts: &Parts) -> Result<Vec<Batch>, Error> {
    let batches = workshop::first_loader(parts).epoch(0, 0).take(parts.settings.train.accumulate);
    let batches = batches.collect::<Result<Vec<Batch>, _>>();
    batches.map_err(|error| Error::Failed(error.to_string()))
}
