//! The page: its parts are in the binary, and it asks nobody but this server.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::{Shared, asked::At, refused::Refused};

const PAGE: &str = include_str!("index.html");
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
pub const STYLE: &str = "text/css; charset=utf-8";

/// A part of a page: name, kind, content.
pub type Part = (&'static str, &'static str, &'static str);

/// The parts of the page besides itself.
const PARTS: [Part; 11] = [
    ("palette.css", STYLE, include_str!("../../report/templates/palette.css")),
    ("page.css", STYLE, include_str!("page.css")),
    ("app.js", SCRIPT, include_str!("app.js")),
    ("ask.js", SCRIPT, include_str!("ask.js")),
    ("element.js", SCRIPT, include_str!("element.js")),
    ("look.js", SCRIPT, include_str!("look.js")),
    ("camera.js", SCRIPT, include_str!("camera.js")),
    ("history.js", SCRIPT, include_str!("history.js")),
    ("runs.js", SCRIPT, include_str!("runs.js")),
    ("training.js", SCRIPT, include_str!("training.js")),
    ("chart.js", SCRIPT, include_str!("chart.js")),
];

pub fn router() -> Router<Shared> {
    parts().route("/", get(page))
}

/// The parts alone, for another page that uses some of them.
pub fn parts() -> Router<Shared> {
    Router::new().route("/page/{part}", get(part))
}

async fn page() -> Html<&'static str> {
    Html(PAGE)
}

async fn part(At(name): At<String>) -> Result<Response, Refused> {
    found(&PARTS, &name)
}

/// The part of that name.
///
/// # Errors
///
/// 404 if there is none.
pub fn found(parts: &[Part], name: &str) -> Result<Response, Refused> {
    let found = parts.iter().find(|(part, ..)| *part == name);
    let (_, kind, content) = found.ok_or_else(|| Refused::unknown("no such part of the page"))?;
    Ok(of_kind(kind, content))
}

/// What a browser takes as being of that kind.
pub fn of_kind(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], content).into_response()
}
