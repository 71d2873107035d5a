//! What the page and the server tell each other.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::course::{Lab, Looked};
use crate::serve::refused::Refused;

/// The lab, and a body of JSON: the network and the photo that the page says with every question,
/// and what else the lesson asks. An unknown key is refused where the type says so.
pub struct Told<T = Nothing> {
    pub lab: Lab,
    pub looked: Looked,
    pub asked: T,
}

/// Nothing besides a network and a photo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Whose training, or whose photos.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// A name that the page has given itself.
    pub visit: String,
}

impl<T: DeserializeOwned> FromRequest<Lab> for Told<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, lab: &Lab) -> Answer<Self> {
        let (parts, body) = request.into_parts();
        let held = lab.app.intake.read(&parts.headers, body).await?;
        let told = serde_json::from_slice::<Map<String, Value>>(&held.bytes);
        let told = told.map_err(|error| Refused::bad(format!("the body: {error}")))?;
        let (looked, asked) =
            told.into_iter().partition(|(key, _)| matches!(key.as_str(), "network" | "photo"));
        Ok(Self { lab: lab.clone(), looked: read(looked)?, asked: read(asked)? })
    }
}

fn read<T: DeserializeOwned>(keys: Map<String, Value>) -> Answer<T> {
    serde_path_to_error::deserialize(Value::Object(keys)).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => Refused::bad(format!("the body: {}", error.inner())),
            path => Refused::bad(format!("`{path}`: {}", error.inner())),
        }
    })
}

/// What a question comes to: an answer, or why there is none.
pub type Answer<T> = Result<T, Refused>;

/// A picture, as a PNG file.
pub fn picture(png: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response()
}

/// An answer with many numbers: the length of the header in bytes as little-endian u32, the header as
/// JSON, blanks up to a multiple of four bytes, then the numbers as little-endian f32.
pub struct Numbers<T> {
    /// What the numbers are.
    pub header: T,
    /// The numbers.
    pub values: Vec<f32>,
}

impl<T: Serialize> IntoResponse for Numbers<T> {
    fn into_response(self) -> Response {
        let Ok(mut header) = serde_json::to_vec(&self.header) else {
            return Refused::failed("the answer cannot be written").into_response();
        };
        header.resize(header.len().next_multiple_of(4), b' ');
        let mut body = Vec::with_capacity(4 + header.len() + 4 * self.values.len());
        body.extend((header.len() as u32).to_le_bytes());
        body.extend(header);
        body.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        let kind = HeaderValue::from_static("application/octet-stream");
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn numbers_begin_at_a_multiple_of_four_bytes() {
        let numbers = Numbers { header: json!({"a": 1}), values: vec![1.0, -2.0] };
        let body = axum::body::to_bytes(numbers.into_response().into_body(), 100).await.unwrap();
        let expected = [&8u32.to_le_bytes()[..], b"{\"a\":1} ", &[0, 0, 128, 63, 0, 0, 0, 192]];
        assert_eq!(body, expected.concat());
    }
}
