//! Lesson 3: the maps of the network's own layers, and what a place of them has seen.

mod cell;
mod exciting;

use axum::{Extension, Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use zoo_model::ranking;

use crate::{
    explain::{Layer, Maps},
    lab::{
        Answer, Lab, Numbers, Seen, Told,
        geometry::{Does, Unit, field, units},
    },
    serve::refused::Refused,
};

/// Maps of a layer that are shown.
const SHOWN: usize = 64;

pub fn routes() -> Router<Lab> {
    Router::new()
        .route("/layers", post(layers))
        .route("/maps", post(maps))
        .route("/cell", post(cell::cell))
        .route("/exciting", post(exciting::exciting))
        .layer(Extension(exciting::Found::default()))
}

/// A layer with maps.
#[derive(Serialize)]
struct Listed {
    name: String,
    channels: usize,
    rows: usize,
    columns: usize,
    /// What it does, in words.
    does: String,
    /// Side of the part of the photo that a place depends on, in pixels; none for all of it.
    field: Option<usize>,
}

/// Which layer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfLayer {
    layer: String,
}

/// What the maps are.
#[derive(Serialize)]
struct Header {
    /// The maps that are shown, those that vary most if there are many.
    channels: Vec<usize>,
    all_channels: usize,
    rows: usize,
    columns: usize,
}

async fn layers(Told { lab, looked, .. }: Told) -> Answer<Json<Vec<Listed>>> {
    let seen = lab.seen(&looked).await?;
    let list = move |network: &zoo_model::Predictor| {
        let units = units(network);
        let listed = units.iter().filter_map(|unit| {
            let maps = seen.record.layer(&unit.layer)?.maps()?;
            Some(Listed {
                name: unit.layer.clone(),
                channels: maps.channels,
                rows: maps.size[0],
                columns: maps.size[1],
                does: in_words(unit),
                field: field(&units, &unit.layer).map(|field| field.size),
            })
        });
        Ok(Json(listed.collect()))
    };
    lab.run(&looked.network, list).await
}

fn in_words(unit: &Unit) -> String {
    match &unit.does {
        Does::Convolve { conv, norm, activation } => {
            let [rows, columns] = conv.kernel_size;
            let normalised = if norm.is_some() { ", normalised" } else { "" };
            let function =
                if activation.is_empty() { String::new() } else { format!(", {activation}") };
            format!(
                "convolution {rows} × {columns}, stride {}{normalised}{function}",
                conv.stride[0]
            )
        }
        Does::Pool { kind, window } => {
            format!("{kind} of {0} × {0}, stride {1}", window.size, window.stride)
        }
        Does::Block(block) => {
            format!("{} convolutions, and what goes around them", block.convolutions().len())
        }
        Does::Pointwise => String::from("normalised over neighbouring maps"),
        Does::Everything => String::from("attention among all patches"),
    }
}

async fn maps(Told { lab, looked, asked }: Told<OfLayer>) -> Answer<Numbers<Header>> {
    let seen = lab.seen(&looked).await?;
    let maps = maps_of(&seen, &asked.layer)?;
    let mut channels = ranking(&spread(&maps));
    channels.truncate(SHOWN);
    channels.sort_unstable();
    let values = channels.iter().flat_map(|&channel| maps.map(channel)).copied().collect();
    let [rows, columns] = maps.size;
    Ok(Numbers { header: Header { channels, all_channels: maps.channels, rows, columns }, values })
}

/// How much the values of each map differ from place to place.
fn spread(maps: &Maps) -> Vec<f32> {
    let of = |channel| {
        let values = maps.map(channel);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter().map(|value| (value - mean).powi(2)).sum()
    };
    (0..maps.channels).map(of).collect()
}

/// The maps of a layer.
///
/// # Errors
///
/// 404 if it has none.
pub(super) fn maps_of(seen: &Seen, layer: &str) -> Answer<Maps> {
    let maps = seen.record.layer(layer).and_then(Layer::maps);
    maps.ok_or_else(|| Refused::unknown(format!("this network has no layer `{layer}` with maps")))
}
