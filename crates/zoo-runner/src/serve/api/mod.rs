//! The zoo's own interface: predictions and explanations of images, lists of networks, and counters.

mod described;
mod explain;
mod images;
mod models;
mod predict;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Pages, Shared, guard, inference, refused::Refused, runs, training};

/// All that can be asked.
pub fn router(app: Shared, pages: Pages) -> Router {
    let described = OpenApiRouter::with_openapi(described::begun())
        .routes(routes!(predict::predict))
        .routes(routes!(explain::explain))
        .routes(routes!(models::models))
        .routes(routes!(metrics))
        .merge(inference::router())
        .merge(runs::router())
        .merge(training::router());
    let (router, document) = described.split_for_parts();
    let document = Arc::new(described::completed(document));
    let describe = move || async move { Json(document.as_ref().clone()) };
    let access = &app.options.access;
    let mut router: Router<Shared> = router
        .route("/openapi.json", get(describe))
        .merge(pages.0(app.clone()))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), guard::around));
    if !access.origins.is_empty() {
        router = router.layer(access.cors());
    }
    router.with_state(app)
}

async fn unknown_path(request: Request) -> Refused {
    let path = request.uri().path();
    Refused::unknown(format!("nothing is at {path}: /openapi.json says what is"))
}

async fn unknown_method(request: Request) -> Refused {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("{path} does not take {method}: /openapi.json says what it takes");
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// What is said if a handler panics, which is a mistake of ours.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Refused::failed("the server could not work on this request").into_response()
}

/// Counters and histograms of requests, batches and queues, as OpenMetrics text.
#[utoipa::path(
    get, path = "/metrics", tag = "server",
    responses((status = 200, description = "Counters", body = String, content_type = "application/openmetrics-text"))
)]
async fn metrics(State(app): State<Shared>) -> Response {
    for network in app.networks.all() {
        network.metrics.waiting.set(network.engine.waiting() as i64);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], app.metrics.text()).into_response()
}
