//! `zoo lab`: a course of lessons in a browser, on the learner's own networks and photos.
//!
//! It is the server of `zoo serve` with another page. What a lesson shows is computed here, by the
//! networks themselves; the page only draws it.
//!
//! # How to add a lesson
//!
//! 1. A folder `lesson/NAME` with `mod.rs` and `NAME.js`. In `mod.rs` goes what the lesson computes; its
//!    function `routes` gives paths below `/lab/NAME`. Handlers take `Told`, which has the `Lab` and a
//!    body of JSON; `Course` has the networks, the photos, and what a network makes of a photo (`Seen`).
//!    They answer with `Json`, or with `Numbers` where there are many. Everything is told in the request
//!    (network, photo, settings), so that two browsers at one lesson do not disturb each other.
//! 2. `NAME.js` exports `about` (paragraphs), `question`, `answer`, and `open(lab)`, which fills
//!    `lab.stage`. `page/lab.js` says what `lab` can do: ask the lesson's paths, keep a setting in the
//!    address, show a `zoo` command to copy, make a picture that can be saved. `page/grid.js` draws
//!    numbers in rows and columns that can be pointed at, `page/parts.js` bars, tables and controls.
//!    A lesson that trains a network has a `workshop` do it, one for each visit; `page/workshop.js` is the
//!    page's side of that, and `page/pair.js` has two of them side by side. Photos for classes of the
//!    learner's own are in a `collection`.
//! 3. A line of `lessons!` in `lesson/mod.rs`.
//! 4. A check in `scripts/lab_check.py`, which uses the controls and compares the numbers shown, and a
//!    section of `docs/course.md`.

mod aside;
mod choice;
mod collection;
mod course;
mod geometry;
mod lesson;
mod message;
mod page;
mod photos;
mod through;
mod window;
mod workshop;

use std::sync::Arc;

use axum::{
    Json, Router,
    routing::{get, post},
};
use serde_json::{Value, json};
use zoo_training::words::unknown;

use self::{
    aside::aside,
    course::{Course, Lab, Prediction, Seen},
    lesson::{LESSONS, Lesson},
    message::{Answer, Numbers, Told, Visit},
};
use crate::{
    Error,
    serve::{Pages, Shared, page::parts},
};

/// The pages of the course.
pub const PAGES: Pages = Pages(router);

/// Where in the page a lesson is, by its number or its name.
///
/// # Errors
///
/// [`Error::Usage`] if there is none.
pub fn place_of(lesson: &str) -> Result<String, Error> {
    let found = LESSONS
        .iter()
        .find(|known| known.name == lesson || known.number.to_string() == lesson.trim());
    found.map(|lesson| format!("#{}", lesson.name)).ok_or_else(|| {
        let known = LESSONS.iter().map(|lesson| lesson.name);
        let numbers: Vec<String> = LESSONS.iter().map(|lesson| lesson.number.to_string()).collect();
        Error::Usage(format!(
            "--lesson {lesson}: {}; or its number: {}",
            unknown("lesson", lesson, known.collect::<Vec<_>>()),
            numbers.join(", ")
        ))
    })
}

fn router(app: Shared) -> Router<Shared> {
    let lab: Lab = Arc::new(Course::new(app));
    let mut router: Router<Lab> = Router::new()
        .route("/lab/lessons", get(lessons))
        .route("/lab/photos", get(choice::list).post(choice::bring))
        .route("/lab/photos/picture", get(choice::picture))
        .route("/lab/predict", post(choice::predict));
    for lesson in LESSONS {
        router = router.nest(&format!("/lab/{}", lesson.name), (lesson.routes)());
    }
    router.with_state(lab).merge(page::router()).merge(parts())
}

/// The lessons, in their order.
async fn lessons() -> Json<Vec<Value>> {
    let lesson = |lesson: &Lesson| json!({"number": lesson.number, "name": lesson.name, "title": lesson.title});
    Json(LESSONS.iter().map(lesson).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_found_by_its_number_and_its_name() {
        assert_eq!(place_of("1").unwrap(), "#pixels");
        assert_eq!(place_of("pixels").unwrap(), "#pixels");
        let refused = place_of("pixel").unwrap_err().to_string();
        assert!(refused.starts_with("--lesson pixel: ") && refused.contains("pixels"), "{refused}");
    }

    #[test]
    fn lessons_are_in_order_and_have_all_that_the_page_wants() {
        assert!(LESSONS.is_sorted_by_key(|lesson| lesson.number));
        for lesson in LESSONS {
            for part in ["about", "question", "answer", "open"] {
                let wanted =
                    [format!("export const {part}"), format!("export async function {part}")];
                let has = wanted.iter().any(|wanted| lesson.script.contains(wanted));
                assert!(has, "{}.js exports no `{part}`", lesson.name);
            }
        }
    }
}
