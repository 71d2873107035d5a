//! The tables of a comparison, which are sorted in the page and carried along as CSV.

use serde::Serialize;
use serde_json::Value;

use super::table::{Cell, Table, names};
use crate::{
    compare::{Comparison, Difference, EntryFigures, Pair},
    report::significant,
};

/// Of more classes, those are listed on which entries differ most.
const LISTED_CLASSES: usize = 100;

/// All tables.
#[derive(Serialize)]
pub struct Tables {
    summary: Table,
    pairs: Option<Table>,
    /// Accuracy on each fraction, if there are several.
    learning: Option<Table>,
    reached: Option<Table>,
    /// Whether the networks look at the object, if the data set knows where it is.
    focus: Option<Table>,
    classes: Table,
    /// How many classes `classes` leaves out.
    classes_left_out: usize,
    runs: Table,
}

impl Tables {
    /// Those of a comparison.
    pub fn of(comparison: &Comparison) -> Self {
        let (classes, classes_left_out) = classes(comparison);
        Self {
            summary: summary(comparison),
            pairs: (!comparison.pairs.is_empty()).then(|| pairs(&comparison.pairs)),
            learning: (comparison.fractions.len() > 1).then(|| learning(comparison)),
            reached: reached(&comparison.entries),
            focus: focus(&comparison.entries),
            classes,
            classes_left_out,
            runs: runs(comparison),
        }
    }
}

fn percent(value: f64) -> String {
    format!("{:.2} %", 100.0 * value)
}

fn points(value: f64) -> String {
    format!("{:.2}", 100.0 * value).replace('-', "\u{2212}")
}

fn summary(comparison: &Comparison) -> Table {
    let columns = names([
        "config",
        "accuracy",
        "loss",
        "calibration error",
        "accuracy on corrupted images",
        "parameters",
        "MFLOPs an image",
        "images/s in training",
        "images/s in use",
        "seconds of training",
        "MB at most",
    ]);
    let row = |entry: &EntryFigures| {
        let interval = entry.accuracy.and_then(|accuracy| accuracy.interval);
        let mut accuracy = Cell::summary(entry.accuracy, percent);
        if let Some([low, high]) = interval {
            // Student's knows nothing of the ends of an accuracy.
            let [low, high] = [low, high].map(|end| points(end.clamp(0.0, 1.0)));
            accuracy.small += &format!(", {low} to {high}");
        }
        vec![
            Cell::word(&entry.name),
            accuracy,
            Cell::summary(entry.loss, |loss| format!("{loss:.4}")),
            Cell::summary(entry.calibration_error, percent),
            Cell::summary(entry.corrupted_accuracy, percent),
            Cell::number(Some(entry.parameters as f64), |count| thousands(count as u64)),
            Cell::number(Some(entry.flops as f64 / 1e6), significant),
            Cell::summary(entry.training_images_per_second, significant),
            Cell::summary(entry.inference_images_per_second, significant),
            Cell::summary(entry.training_seconds, |seconds| format!("{seconds:.1}")),
            Cell::number(entry.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6), |mega| {
                format!("{mega:.0}")
            }),
        ]
    };
    Table::new(columns, comparison.entries.iter().map(row).collect())
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let mut text = digits[..first].to_string();
    for start in (first..digits.len()).step_by(3) {
        text += ",";
        text += &digits[start..start + 3];
    }
    text
}

fn pairs(pairs: &[Pair]) -> Table {
    let columns = names([
        "ahead",
        "behind",
        "points",
        "over images",
        "over seeds",
        "only it is right",
        "only the other is right",
        "p (Holm)",
    ]);
    let range = |interval: Option<[f64; 2]>| {
        let text = interval.map(|[low, high]| format!("{} to {}", points(low), points(high)));
        Cell::text(text.unwrap_or_else(|| String::from("–")))
    };
    let row = |pair: &Pair| {
        let list = |figure: fn(&crate::compare::PairedTest) -> String| {
            Cell::text(pair.tests.iter().map(figure).collect::<Vec<_>>().join(" / "))
        };
        vec![
            Cell::word(&pair.better),
            Cell::word(&pair.worse),
            Cell::summary(Some(pair.difference), points),
            range(Some(pair.over_images)),
            range(pair.over_seeds),
            list(|test| test.only_better.to_string()),
            list(|test| test.only_worse.to_string()),
            list(|test| p_value(test.p_adjusted)),
        ]
    };
    Table::new(columns, pairs.iter().map(row).collect())
}

fn p_value(p: f64) -> String {
    match p < 1e-4 {
        true => String::from("< 0.0001"),
        false => format!("{p:.4}"),
    }
}

fn learning(comparison: &Comparison) -> Table {
    let names = comparison.entries.iter().map(|entry| entry.name.clone());
    let columns = std::iter::once(String::from("training images")).chain(names).collect();
    let row = |&fraction: &f64| {
        let points = comparison.learning_curve.iter().filter(|point| point.fraction == fraction);
        let points: Vec<_> = points.collect();
        let images = points.first().map(|point| point.train_images as f64);
        let cells = points.iter().map(|point| Cell::summary(point.accuracy, percent));
        std::iter::once(Cell::number(images, |images| format!("{images:.0}")))
            .chain(cells)
            .collect()
    };
    Table::new(columns, comparison.fractions.iter().map(row).collect())
}

/// Seconds to the accuracies that any entry reached; none where none did.
fn reached(entries: &[EntryFigures]) -> Option<Table> {
    let is_reached = |place: &usize| {
        entries.iter().any(|entry| entry.reached.get(*place).is_some_and(|r| r.seconds.is_some()))
    };
    let places = 0..entries.iter().map(|entry| entry.reached.len()).max()?;
    let places: Vec<usize> = places.filter(is_reached).collect();
    let first = entries.first()?;
    let names =
        places.iter().map(|&place| format!("{:.0} %", 100.0 * first.reached[place].accuracy));
    let columns = std::iter::once(String::from("config")).chain(names).collect();
    let row = |entry: &EntryFigures| {
        let cell = |&place: &usize| {
            let seconds = entry.reached[place].seconds;
            let mut cell = Cell::summary(seconds, |seconds| format!("{seconds:.1} s"));
            let runs = entry.accuracy.map_or(0, |accuracy| accuracy.runs);
            if let Some(reached) = seconds.filter(|seconds| seconds.runs < runs) {
                cell.small = format!("{} of {runs} runs", reached.runs);
            }
            cell
        };
        std::iter::once(Cell::word(&entry.name)).chain(places.iter().map(cell)).collect()
    };
    (!places.is_empty()).then(|| Table::new(columns, entries.iter().map(row).collect()))
}

/// The accuracy on each class, and how many classes are left out.
fn classes(comparison: &Comparison) -> (Table, usize) {
    let entries = &comparison.entries;
    let of = |entry: &EntryFigures, label: usize| entry.per_class.get(label).copied().flatten();
    let spread = |&label: &usize| {
        let means = entries.iter().filter_map(|entry| Some(of(entry, label)?.mean));
        let (low, high) =
            means.fold((1.0_f64, 0.0_f64), |(low, high), mean| (low.min(mean), high.max(mean)));
        high - low
    };
    let mut labels: Vec<usize> = (0..comparison.classes.len()).collect();
    if labels.len() > LISTED_CLASSES {
        labels.sort_by(|a, b| spread(b).total_cmp(&spread(a)));
        labels.truncate(LISTED_CLASSES);
    }
    let row = |&label: &usize| {
        let cells = entries.iter().map(|entry| Cell::summary(of(entry, label), percent));
        std::iter::once(Cell::word(&comparison.classes[label])).chain(cells).collect()
    };
    let columns = entries.iter().map(|entry| entry.name.clone());
    let columns = std::iter::once(String::from("class")).chain(columns).collect();
    let left_out = comparison.classes.len() - labels.len();
    (Table::new(columns, labels.iter().map(row).collect()), left_out)
}

fn focus(entries: &[EntryFigures]) -> Option<Table> {
    let columns =
        names(["config", "method", "heat on the object", "object in the picture", "ratio"]);
    let rows = entries.iter().flat_map(|entry| {
        entry.focus.iter().map(|focus| {
            vec![
                Cell::word(&entry.name),
                Cell::word(&focus.method),
                Cell::summary(focus.heat_on_thing, percent),
                Cell::summary(focus.thing_of_picture, percent),
                Cell::summary(focus.ratio, |ratio| format!("{ratio:.2}")),
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| Table::new(columns, rows))
}

fn runs(comparison: &Comparison) -> Table {
    let columns = names([
        "run",
        "seed",
        "train images",
        "accuracy",
        "loss",
        "steps",
        "images seen",
        "seconds",
        "weights",
    ]);
    let rows = comparison.runs.iter().map(|run| {
        let count =
            |value: Option<usize>| Cell::number(value.map(|v| v as f64), |v| format!("{v:.0}"));
        let hash = run.manifest.as_ref().and_then(|manifest| manifest.weight_hash.as_deref());
        let state = match &run.error {
            Some(_) => String::from("failed"),
            None => hash.map_or_else(String::new, |hash| hash.chars().take(12).collect()),
        };
        vec![
            Cell::word(&run.name),
            Cell::number(Some(run.seed as f64), |seed| seed.to_string()),
            count(run.manifest.as_ref().map(|manifest| manifest.data.train)),
            Cell::number(run.accuracy, percent),
            Cell::number(run.loss, |loss| format!("{loss:.4}")),
            count(run.steps),
            count(run.images),
            Cell::number(run.seconds, |seconds| format!("{seconds:.1}")),
            Cell::word(state),
        ]
    });
    Table::new(columns, rows.collect())
}

/// What each config says, as text.
pub fn values(difference: &Difference) -> Vec<String> {
    let text = |value: &Option<Value>| match value {
        None | Some(Value::Null) => String::from("–"),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    difference.values.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_in_threes() {
        let texts = [0, 999, 1000, 61_100_840].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "61,100,840"]);
    }

    #[test]
    fn a_tiny_p_value_is_told_as_such() {
        assert_eq!([0.25, 0.0001, 1e-9].map(p_value), ["0.2500", "0.0001", "< 0.0001"]);
    }
}
