//! Lesson 10: the Vision Transformer, its patches, its attention, and how it comes to a class.

mod attention;
mod lens;
mod readout;
mod shuffle;

use axum::{Extension, Router, routing::post};

use super::Lesson;

pub static LESSON: Lesson = Lesson {
    number: 10,
    name: "transformer",
    title: "The Vision Transformer",
    script: include_str!("transformer.js"),
    routes: || {
        Router::new()
            .route("/tokens", post(attention::tokens))
            .route("/attention", post(attention::attention))
            .route("/rollout", post(attention::rollout))
            .route("/lens", post(lens::lens))
            .route("/shuffle", post(shuffle::shuffle))
            .layer(Extension(readout::Readouts::default()))
    },
};
