//! Lesson 10: the Vision Transformer, its patches, its attention, and how it comes to a class.

mod attention;
mod lens;
mod readout;
mod shuffle;

use axum::{Extension, Router, routing::post};

use crate::lab::Lab;

pub fn routes() -> Router<Lab> {
    Router::new()
        .route("/tokens", post(attention::tokens))
        .route("/attention", post(attention::attention))
        .route("/rollout", post(attention::rollout))
        .route("/lens", post(lens::lens))
        .route("/shuffle", post(shuffle::shuffle))
        .layer(Extension(readout::Readouts::default()))
}
