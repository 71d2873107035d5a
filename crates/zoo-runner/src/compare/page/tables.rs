//! The tables of a comparison, which are sorted in the page and carried along as CSV.

use serde::Serialize;
use serde_json::Value;

use super::table::{Cell, Table};
use crate::{
    compare::{Comparison, Difference, EntryFigures, Pair, PairedTest, RunFigures},
    manifest::Manifest,
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
    Table::of(
        &comparison.entries,
        &[
            ("config", &|entry| Cell::word(&entry.name)),
            ("accuracy", &|entry| accuracy(entry)),
            ("loss", &|entry| Cell::summary(entry.loss, |loss| format!("{loss:.4}"))),
            ("calibration error", &|entry| Cell::summary(entry.calibration_error, percent)),
            ("accuracy on corrupted images", &|entry| {
                Cell::summary(entry.corrupted_accuracy, percent)
            }),
            ("parameters", &|entry| {
                Cell::number(Some(entry.parameters as f64), |count| thousands(count as u64))
            }),
            ("MFLOPs an image", &|entry| Cell::number(Some(entry.flops as f64 / 1e6), significant)),
            ("images/s in training", &|entry| {
                Cell::summary(entry.training_images_per_second, significant)
            }),
            ("images/s in use", &|entry| {
                Cell::summary(entry.inference_images_per_second, significant)
            }),
            ("seconds of training", &|entry| {
                Cell::summary(entry.training_seconds, |seconds| format!("{seconds:.1}"))
            }),
            ("MB at most", &|entry| {
                let megabytes = entry.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6);
                Cell::number(megabytes, |megabytes| format!("{megabytes:.0}"))
            }),
        ],
    )
}

fn accuracy(entry: &EntryFigures) -> Cell {
    let mut accuracy = Cell::summary(entry.accuracy, percent);
    if let Some([low, high]) = entry.accuracy.and_then(|accuracy| accuracy.interval) {
        // Student's knows nothing of the ends of an accuracy.
        let [low, high] = [low, high].map(|end| points(end.clamp(0.0, 1.0)));
        accuracy.small += &format!(", {low} to {high}");
    }
    accuracy
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
    let range = |interval: Option<[f64; 2]>| {
        let text = interval.map(|[low, high]| format!("{} to {}", points(low), points(high)));
        Cell::text(text.unwrap_or_else(|| String::from("–")))
    };
    let list = |pair: &Pair, figure: fn(&PairedTest) -> String| {
        Cell::text(pair.tests.iter().map(figure).collect::<Vec<_>>().join(" / "))
    };
    Table::of(
        pairs,
        &[
            ("ahead", &|pair| Cell::word(&pair.better)),
            ("behind", &|pair| Cell::word(&pair.worse)),
            ("points", &|pair| Cell::summary(Some(pair.difference), points)),
            ("over images", &|pair| range(Some(pair.over_images))),
            ("over seeds", &|pair| range(pair.over_seeds)),
            ("only it is right", &|pair| list(pair, |test| test.only_better.to_string())),
            ("only the other is right", &|pair| list(pair, |test| test.only_worse.to_string())),
            ("p (Holm)", &|pair| list(pair, |test| p_value(test.p_adjusted))),
        ],
    )
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
    let rows = entries.iter().flat_map(|entry| entry.focus.iter().map(move |focus| (entry, focus)));
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| {
        Table::of(
            rows,
            &[
                ("config", &|(entry, _)| Cell::word(&entry.name)),
                ("method", &|(_, focus)| Cell::word(&focus.method)),
                ("heat on the object", &|(_, focus)| Cell::summary(focus.heat_on_thing, percent)),
                ("object in the picture", &|(_, focus)| {
                    Cell::summary(focus.thing_of_picture, percent)
                }),
                ("ratio", &|(_, focus)| Cell::summary(focus.ratio, |ratio| format!("{ratio:.2}"))),
            ],
        )
    })
}

fn runs(comparison: &Comparison) -> Table {
    let count = |value: Option<usize>| Cell::number(value.map(|v| v as f64), |v| format!("{v:.0}"));
    let state = |run: &RunFigures| match (&run.error, &run.manifest) {
        (Some(_), _) => String::from("failed"),
        (None, Some(Manifest { weight_hash: Some(hash), .. })) => hash.chars().take(12).collect(),
        (None, _) => String::new(),
    };
    Table::of(
        &comparison.runs,
        &[
            ("run", &|run| Cell::word(&run.name)),
            ("seed", &|run| Cell::number(Some(run.seed as f64), |seed| seed.to_string())),
            ("train images", &|run| {
                count(run.manifest.as_ref().map(|manifest| manifest.data.train))
            }),
            ("accuracy", &|run| Cell::number(run.accuracy, percent)),
            ("loss", &|run| Cell::number(run.loss, |loss| format!("{loss:.4}"))),
            ("steps", &|run| count(run.steps)),
            ("images seen", &|run| count(run.images)),
            ("seconds", &|run| Cell::number(run.seconds, |seconds| format!("{seconds:.1}"))),
            ("weights", &|run| Cell::word(state(run))),
        ],
    )
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
