//! The Open Inference Protocol, version 2
//! (<https://github.com/kserve/open-inference-protocol>), with the binary data of Triton.
//!
//! A network has one input, `images`: normalised values (FP32), pixels (UINT8), or encoded files (BYTES).

mod binary;
mod infer;
mod metadata;
mod numbers;
mod outputs;
mod request;
mod tensor;

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Shared, asked::At, networks::Network, refused::Refused};

/// The only version of every model.
const VERSION: &str = "1";

/// Where a network is, and where its only version is: the same below both.
pub const MODEL: &str = "/v2/models/{model}";
pub const VERSIONED: &str = "/v2/models/{model}/versions/{version}";

/// All paths below `/v2`.
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(metadata::server))
        .routes(routes!(metadata::live))
        .routes(routes!(metadata::ready))
        .routes(routes!(metadata::model))
        .routes(routes!(metadata::model_ready))
        .routes(routes!(metadata::statistics))
        .routes(routes!(metadata::repository))
        .routes(routes!(infer::infer))
        .route(VERSIONED, get(metadata::model))
        .route(&format!("{VERSIONED}/ready"), get(metadata::model_ready))
        .route(&format!("{VERSIONED}/stats"), get(metadata::statistics))
        .route(&format!("{VERSIONED}/infer"), post(infer::infer))
}

/// The network that a path names, with its version or without.
struct Of(Arc<Network>);

#[derive(Deserialize)]
struct Named {
    model: String,
    version: Option<String>,
}

impl FromRequestParts<Shared> for Of {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refused> {
        let At(Named { model, version }) = At::from_request_parts(parts, app).await?;
        match version.as_deref() {
            None | Some(VERSION) => app.networks.get(&model).map(Self),
            Some(other) => {
                Err(Refused::unknown(format!("unknown version `{other}`: expected {VERSION}")))
            }
        }
    }
}
