//! What the page and the server tell each other.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use super::course::Lab;
use crate::serve::refused::Refused;

/// A body of JSON, of which an unknown key is refused where the type says so.
pub struct Told<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Lab> for Told<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, lab: &Lab) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let held = lab.app.intake.read(&parts.headers, body).await?;
        let mut json = serde_json::Deserializer::from_slice(&held.bytes);
        let told = serde_path_to_error::deserialize(&mut json);
        told.map(Self).map_err(|error| match error.path().to_string().as_str() {
            "." => Refused::bad(format!("the body: {}", error.inner())),
            path => Refused::bad(format!("`{path}`: {}", error.inner())),
        })
    }
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
