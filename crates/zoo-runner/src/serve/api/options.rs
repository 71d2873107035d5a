//! Options of a request, from its query, with errors in our own words.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::serve::refused::Refused;

/// The options in a query, of which an unknown one is refused.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        let Query(asked) = query.map_err(|error| {
            let text = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), ToString::to_string);
            Refused::bad(format!("the query: {text}"))
        })?;
        Ok(Self(asked))
    }
}
