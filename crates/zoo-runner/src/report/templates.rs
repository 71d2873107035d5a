//! The templates, and what they can do with figures.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, value::Serde};
use serde::Serialize;

use crate::Error;

/// Sorts tables by a click on a column's head.
pub const SORT_SCRIPT: &str = include_str!("templates/sort.js");

const TEMPLATES: [(&str, &str); 15] = [
    ("head.html", include_str!("templates/head.html")),
    ("name.html", include_str!("templates/name.html")),
    ("run.html", include_str!("templates/run.html")),
    ("explanation.html", include_str!("templates/explanation.html")),
    ("explanation.css", include_str!("templates/explanation.css")),
    ("page.css", include_str!("templates/page.css")),
    ("palette.css", include_str!("templates/palette.css")),
    ("chart.svg", include_str!("templates/chart.svg")),
    ("chart.css", include_str!("templates/chart.css")),
    ("reliability.svg", include_str!("templates/reliability.svg")),
    ("confusion.html", include_str!("templates/confusion.html")),
    ("comparison.html", include_str!("templates/comparison.html")),
    ("comparison.md", include_str!("templates/comparison.md")),
    ("sort.js", SORT_SCRIPT),
    ("curves.svg", include_str!("templates/curves.svg")),
];

/// A template filled in. Whatever comes from `context` is escaped.
///
/// # Errors
///
/// [`Error::Failed`] if the template and `context` do not fit together.
pub fn render(template: &str, context: impl Serialize) -> Result<String, Error> {
    let mut environment = Environment::new();
    // Markdown is no HTML: what comes from `context` goes through the filter `markdown` there.
    environment.set_auto_escape_callback(|name| match name.ends_with(".md") {
        true => AutoEscape::None,
        false => AutoEscape::Html,
    });
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("percent", percent);
    environment.add_filter("decimals", decimals);
    environment.add_filter("markdown", markdown);
    TEMPLATES
        .into_iter()
        .try_for_each(|(name, text)| environment.add_template(name, text))
        .and_then(|()| environment.get_template(template)?.render(Serde(context)))
        .map_err(|error| Error::Failed(format!("{template}: {error:#}")))
}

/// A fraction in percent, with a non-breaking space; a dash if there is none.
fn percent(fraction: Option<f64>, digits: usize) -> String {
    fraction.map_or_else(dash, |fraction| format!("{:.digits$}\u{a0}%", 100.0 * fraction))
}

/// A number with this many decimals; a dash if there is none.
fn decimals(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(dash, |number| format!("{number:.digits$}"))
}

/// A text in which nothing means anything to Markdown, on one line.
fn markdown(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '#' | '~' | '!' => {
                escaped.extend(['\\', letter]);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn dash() -> String {
    String::from("–")
}
