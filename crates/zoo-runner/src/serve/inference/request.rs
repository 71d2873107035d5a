//! An inference request as it comes.

use std::fmt::Debug;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::numbers::Data;
use crate::serve::refused::Refused;

/// Length of the JSON that a body with binary data begins with.
pub const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

/// An inference request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InferRequest {
    /// Comes back with the answer.
    pub id: Option<String>,
    #[serde(default)]
    pub parameters: RequestParameters,
    /// One: `images`.
    pub inputs: Vec<InputTensor>,
    /// Those wanted; all unless given.
    #[serde(default)]
    pub outputs: Vec<OutputWanted>,
}

/// Parameters of a request.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestParameters {
    /// Whether outputs come as binary data behind the JSON, where they do not say.
    pub binary_data_output: bool,
}

/// An input.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InputTensor {
    /// `images`.
    pub name: String,
    /// Of FP32, the network's own; of UINT8, `[images, height, width, channels]`; of BYTES, `[images]`.
    pub shape: Vec<usize>,
    /// FP32: normalised values. UINT8: pixels, prepared as photos are. BYTES: encoded image files, in JSON
    /// as base64.
    pub datatype: String,
    #[serde(default)]
    pub parameters: InputParameters,
    /// Flat or nested, row-major.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    pub data: Option<Data>,
}

/// Parameters of an input.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InputParameters {
    /// Bytes of this input behind the JSON.
    pub binary_data_size: Option<usize>,
    /// `base64`, the only way in which files can be in JSON.
    pub content_type: Option<String>,
}

/// An output that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputWanted {
    /// `probabilities` or `logits`.
    pub name: String,
    #[serde(default)]
    pub parameters: OutputParameters,
}

/// Parameters of an output.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutputParameters {
    /// Whether it comes as binary data behind the JSON.
    pub binary_data: Option<bool>,
    /// Give this many classes, the largest first, as `value:label:class`.
    pub classification: Option<usize>,
}

/// The request and what is behind its JSON.
pub struct Received {
    pub request: InferRequest,
    pub binary: Bytes,
}

/// Cuts a body into JSON and binary data, and reads the JSON.
///
/// # Errors
///
/// 400 if it is something else.
pub fn read(headers: &HeaderMap, body: &Bytes) -> Result<Received, Refused> {
    let length = match headers.get(JSON_LENGTH) {
        None => body.len(),
        Some(length) => {
            let number = length.to_str().ok().and_then(|length| length.parse::<usize>().ok());
            let number = number.filter(|&length| length <= body.len());
            number.ok_or_else(|| bad_length(length, body.len()))?
        }
    };
    if body.is_empty() {
        return Err(Refused::bad("the body is empty: expected an inference request as JSON"));
    }
    let request = serde_json::from_slice(&body[..length])
        .map_err(|error| Refused::bad(format!("the request: {error}")))?;
    Ok(Received { request, binary: body.slice(length..) })
}

fn bad_length(length: &dyn Debug, body: usize) -> Refused {
    Refused::bad(format!(
        "`{JSON_LENGTH}`: expected 0 to {body}, the length of the body, found {length:?}"
    ))
}
