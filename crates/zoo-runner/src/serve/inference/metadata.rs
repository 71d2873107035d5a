//! What the server and its networks are, and whether they are ready.

use std::sync::atomic::Ordering;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use zoo_model::ZOO_VERSION;

use super::{Of, VERSION};
use crate::serve::{
    Shared,
    networks::Network,
    refused::{ErrorBody, Refused},
};

/// What the server is.
#[derive(Serialize, ToSchema)]
pub struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: Vec<&'static str>,
}

/// Whether the server lives.
#[derive(Serialize, ToSchema)]
pub struct Live {
    live: bool,
}

/// Whether the server, or a network, answers.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// The network, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    ready: bool,
}

/// What a network is.
#[derive(Serialize, ToSchema)]
pub struct ModelMetadata {
    name: String,
    versions: Vec<&'static str>,
    platform: &'static str,
    inputs: Vec<TensorMetadata>,
    outputs: Vec<TensorMetadata>,
}

/// A tensor that a network takes or gives; an extent of -1 is the number of images.
#[derive(Serialize, ToSchema)]
pub struct TensorMetadata {
    name: &'static str,
    datatype: &'static str,
    shape: Vec<i64>,
}

/// What the server is.
#[utoipa::path(
    get, path = "/v2", tag = "v2",
    responses((status = 200, description = "Name, version, extensions", body = ServerMetadata))
)]
pub async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata {
        name: "burn-zoo",
        version: ZOO_VERSION,
        extensions: vec!["binary_tensor_data", "classification", "statistics", "model_repository"],
    })
}

/// Whether the server lives.
#[utoipa::path(
    get, path = "/v2/health/live", tag = "v2",
    responses((status = 200, description = "It does", body = Live))
)]
pub async fn live() -> Json<Live> {
    Json(Live { live: true })
}

/// Whether the server takes requests: not any more once it has been asked to end.
#[utoipa::path(
    get, path = "/v2/health/ready", tag = "v2",
    responses(
        (status = 200, description = "It does", body = Ready),
        (status = 503, description = "It is about to end", body = ErrorBody),
    )
)]
pub async fn ready(State(app): State<Shared>) -> Result<Json<Ready>, Refused> {
    match *app.stopping.borrow() {
        true => Err(Refused::busy("the server is about to end", 1)),
        false => Ok(Json(Ready { name: None, ready: true })),
    }
}

/// What a network takes and gives.
#[utoipa::path(
    get, path = "/v2/models/{model}", tag = "v2",
    params(("model" = String, Path, description = "Name of the network")),
    responses((status = 200, description = "Its inputs and outputs", body = ModelMetadata))
)]
pub async fn model(Of(network): Of) -> Json<ModelMetadata> {
    Json(ModelMetadata::of(&network))
}

/// Whether a network answers.
#[utoipa::path(
    get, path = "/v2/models/{model}/ready", tag = "v2",
    params(("model" = String, Path, description = "Name of the network")),
    responses((status = 200, description = "It does", body = Ready))
)]
pub async fn model_ready(Of(network): Of) -> Json<Ready> {
    Json(Ready { name: Some(network.name.clone()), ready: true })
}

/// How much a network has done, in Triton's form: images are inferences, batches are executions.
#[utoipa::path(
    get, path = "/v2/models/{model}/stats", tag = "v2",
    params(("model" = String, Path, description = "Name of the network")),
    responses((status = 200, description = "Counts", body = Value))
)]
pub async fn statistics(Of(network): Of) -> Json<Value> {
    let metrics = &network.metrics;
    let images = metrics.images.get();
    Json(json!({"model_stats": [{
        "name": network.name,
        "version": VERSION,
        "inference_count": images,
        "execution_count": metrics.batches.get(),
        "inference_stats": {
            "queue": {"count": images, "ns": metrics.queued.load(Ordering::Relaxed)},
            "compute_infer": {"count": images, "ns": metrics.computed.load(Ordering::Relaxed)},
        },
    }]}))
}

/// The networks that are served, in Triton's form.
#[utoipa::path(
    post, path = "/v2/repository/index", tag = "v2",
    responses((status = 200, description = "All networks", body = Value))
)]
pub async fn repository(State(app): State<Shared>) -> Json<Value> {
    let networks = app.networks.all().into_iter().map(
        |network| json!({"name": network.name, "version": VERSION, "state": "READY", "reason": ""}),
    );
    Json(networks.collect())
}

impl ModelMetadata {
    fn of(network: &Network) -> Self {
        let (preprocess, classes) = (&network.info.preprocess, network.info.classes.len() as i64);
        let side = preprocess.image_size as i64;
        let tensor = |name, shape| TensorMetadata { name, datatype: "FP32", shape };
        Self {
            name: network.name.clone(),
            versions: vec![VERSION],
            platform: "burn",
            inputs: vec![tensor("images", vec![-1, preprocess.channels() as i64, side, side])],
            outputs: vec![
                tensor("probabilities", vec![-1, classes]),
                tensor("logits", vec![-1, classes]),
            ],
        }
    }
}
