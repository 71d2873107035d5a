//! Lesson 11: a network for classes of one's own.
//!
//! `photos` takes what the learner brings, `begin` says how it is learned from, `test` what the network has
//! come to, `save` writes it. Steps are taken by a workshop, which the page tells and looks at by the paths
//! of lesson 7.

mod begin;
mod photos;
mod save;
mod test;

use axum::{
    Router,
    routing::{get, post},
};

use crate::lab::Lab;

pub fn routes() -> Router<Lab> {
    Router::new()
        .route("/list", post(photos::list))
        .route("/photo", post(photos::bring))
        .route("/picture", get(photos::picture))
        .route("/change", post(photos::change))
        .route("/open", post(begin::open))
        .route("/scored", post(test::scored))
        .route("/test", post(test::test))
        .route("/save", post(save::save))
        .route("/export", get(save::export))
}
