//! `GET /models`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use zoo_data::shown;

use crate::serve::Shared;

/// A network that is served.
#[derive(Serialize, ToSchema)]
pub struct Served {
    /// What requests call it.
    name: String,
    /// `cnn`, `alexnet` or `vit`, and others that may come.
    model: String,
    /// Number of parameters.
    parameters: usize,
    /// Side in pixels of the square image that it sees.
    image_size: usize,
    /// 1 for grey, 3 for RGB.
    channels: usize,
    /// Names of the classes, in the order of their labels.
    classes: Vec<String>,
    /// Names of the methods that show where it looks.
    explains: Vec<String>,
    /// The run directory or file that it comes from.
    origin: String,
}

/// The networks that are served.
#[utoipa::path(
    get, path = "/models", tag = "images",
    responses((status = 200, description = "All networks", body = Vec<Served>))
)]
pub async fn models(State(app): State<Shared>) -> Json<Vec<Served>> {
    let served = app.networks.all().into_iter().map(|network| Served {
        name: network.name.clone(),
        model: network.info.model.name().to_string(),
        parameters: network.parameters,
        image_size: network.info.preprocess.image_size,
        channels: network.info.preprocess.channels(),
        classes: network.info.classes.clone(),
        explains: network.explains.iter().map(ToString::to_string).collect(),
        origin: shown(&network.origin),
    });
    Json(served.collect())
}
