//! The page of the course: its own parts, and those of the lessons.

use axum::{
    Router,
    response::{Html, Response},
    routing::get,
};

use super::{Answer, lesson::LESSONS};
use crate::serve::{
    Shared,
    asked::At,
    page::{Part, SCRIPT, STYLE, found, of_kind},
    refused::Refused,
};

const PAGE: &str = include_str!("index.html");

/// The parts of the page. Those of `zoo serve` that it uses are at `/page`.
const PARTS: [Part; 12] = [
    ("lab.css", STYLE, include_str!("lab.css")),
    ("lab.js", SCRIPT, include_str!("lab.js")),
    ("photos.js", SCRIPT, include_str!("photos.js")),
    ("message.js", SCRIPT, include_str!("message.js")),
    ("grid.js", SCRIPT, include_str!("grid.js")),
    ("save.js", SCRIPT, include_str!("save.js")),
    ("parts.js", SCRIPT, include_str!("parts.js")),
    ("workshop.js", SCRIPT, include_str!("workshop.js")),
    ("few.js", SCRIPT, include_str!("few.js")),
    ("pair.js", SCRIPT, include_str!("pair.js")),
    ("shelf.js", SCRIPT, include_str!("shelf.js")),
    ("camera.js", SCRIPT, include_str!("camera.js")),
];

pub fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(page))
        .route("/page/lab/{part}", get(part))
        .route("/page/lab/lessons/{script}", get(script))
}

async fn page() -> Html<&'static str> {
    Html(PAGE)
}

async fn part(At(name): At<String>) -> Answer<Response> {
    found(&PARTS, &name)
}

async fn script(At(name): At<String>) -> Answer<Response> {
    let found = LESSONS.iter().find(|lesson| name.strip_suffix(".js") == Some(lesson.name));
    let lesson = found.ok_or_else(|| Refused::unknown("no such lesson"))?;
    Ok(of_kind(SCRIPT, lesson.script))
}
