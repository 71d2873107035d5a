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

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Shared, refused::Refused};

/// The only version of every model.
const VERSION: &str = "1";

/// All paths below `/v2`.
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(metadata::server))
        .routes(routes!(metadata::live))
        .routes(routes!(metadata::ready))
        .routes(routes!(metadata::model))
        .routes(routes!(metadata::model_version))
        .routes(routes!(metadata::model_ready))
        .routes(routes!(metadata::model_version_ready))
        .routes(routes!(metadata::statistics))
        .routes(routes!(metadata::repository))
        .routes(routes!(infer::infer))
        .routes(routes!(infer::infer_version))
}

/// Refuses another version than the only one.
fn check_version(version: &str) -> Result<(), Refused> {
    match version == VERSION {
        true => Ok(()),
        false => Err(Refused::unknown(format!("unknown version `{version}`: expected {VERSION}"))),
    }
}
