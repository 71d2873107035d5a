//! The charts of a comparison, each with its data as a CSV file.

use serde::Serialize;
use zoo_data::Corruption;

use super::csv_uri;
use crate::{
    compare::{Comparison, CurvePoint, EntryFigures, Summary},
    report::{Chart, Frame, Point, Scale, Series},
};

/// A chart and what is drawn in it.
#[derive(Serialize)]
pub struct Figure {
    chart: Chart,
    /// What the CSV file is called.
    file: String,
    data: String,
}

/// All charts, by section.
#[derive(Serialize)]
pub struct Charts {
    /// Accuracy over training images, if there are several fractions.
    learning: Vec<Figure>,
    /// How training went.
    training: Vec<Figure>,
    /// Accuracy over what it costs.
    costs: Vec<Figure>,
    /// Accuracy on corrupted images.
    robustness: Vec<Figure>,
}

impl Charts {
    /// Those of a comparison.
    pub fn of(comparison: &Comparison) -> Self {
        let entries = &comparison.entries;
        let learning = (comparison.fractions.len() > 1).then(|| learning(comparison));
        let robustness = Corruption::ALL.map(|corruption| robustness(entries, corruption));
        Self {
            learning: learning.flatten().into_iter().collect(),
            training: training(entries).into_iter().flatten().collect(),
            costs: costs(entries).into_iter().flatten().collect(),
            robustness: robustness.into_iter().flatten().collect(),
        }
    }
}

const ACCURACY: &str = "accuracy in %";

/// A point with the least and the most of all seeds.
fn spread(x: f64, summary: Summary, factor: f64) -> Point {
    let range = (summary.runs > 1).then_some([factor * summary.min, factor * summary.max]);
    Point { x, y: factor * summary.mean, range }
}

fn figure(
    (title, x_name): (&str, &str),
    (scale, is_joined): (Scale, bool),
    file: &str,
    series: Vec<Series>,
) -> Option<Figure> {
    let (title, x_name) = (title.to_string(), x_name.to_string());
    let frame = Frame { title, x_name, scale, is_joined, has_legend: false };
    let chart = Chart::framed(frame, series)?;
    let data = csv_uri(chart.rows().iter().cloned());
    Some(Figure { chart, file: format!("{file}.csv"), data })
}

/// A series an entry.
fn series(entries: &[EntryFigures], points: impl Fn(&EntryFigures) -> Vec<Point>) -> Vec<Series> {
    let series =
        entries.iter().map(|entry| Series { name: entry.name.clone(), points: points(entry) });
    series.collect()
}

fn learning(comparison: &Comparison) -> Option<Figure> {
    let points = |entry: &EntryFigures| {
        let mine = comparison.learning_curve.iter().filter(|point| point.entry == entry.name);
        mine.filter_map(|point| Some(spread(point.train_images as f64, point.accuracy?, 100.0)))
            .collect()
    };
    let series = series(&comparison.entries, points);
    figure((ACCURACY, "training images"), (Scale::Log, true), "learning-curve", series)
}

fn training(entries: &[EntryFigures]) -> [Option<Figure>; 3] {
    let over = |x: fn(&CurvePoint) -> f64, y: fn(&CurvePoint) -> Summary, factor: f64| {
        series(entries, |entry| {
            entry.curve.iter().map(|point| spread(x(point), y(point), factor)).collect()
        })
    };
    let (images, seconds) = (|point: &CurvePoint| point.images, |point: &CurvePoint| point.seconds);
    let accuracy = |point: &CurvePoint| point.valid_accuracy;
    let lines = (Scale::Linear, true);
    [
        figure(
            ("valid accuracy in %", "training images seen"),
            lines,
            "accuracy-over-images",
            over(images, accuracy, 100.0),
        ),
        figure(
            ("valid accuracy in %", "seconds of training"),
            lines,
            "accuracy-over-seconds",
            over(seconds, accuracy, 100.0),
        ),
        figure(
            ("valid loss", "training images seen"),
            lines,
            "loss-over-images",
            over(images, |point| point.valid_loss, 1.0),
        ),
    ]
}

fn costs(entries: &[EntryFigures]) -> [Option<Figure>; 4] {
    let over = |x_name: &str, file: &str, x: &dyn Fn(&EntryFigures) -> Option<f64>| {
        let point = |entry: &EntryFigures| Some(spread(x(entry)?, entry.accuracy?, 100.0));
        let series = series(entries, |entry| point(entry).into_iter().collect());
        figure((ACCURACY, x_name), (Scale::Log, false), file, series)
    };
    let mean = |summary: Option<Summary>| summary.map(|summary| summary.mean);
    [
        over("seconds of training", "accuracy-over-training-seconds", &|entry| {
            mean(entry.training_seconds)
        }),
        over("FLOPs per image", "accuracy-over-flops", &|entry| Some(entry.flops as f64)),
        over("parameters", "accuracy-over-parameters", &|entry| Some(entry.parameters as f64)),
        over("images/s in use", "accuracy-over-speed", &|entry| {
            mean(entry.inference_images_per_second)
        }),
    ]
}

fn robustness(entries: &[EntryFigures], corruption: Corruption) -> Option<Figure> {
    let points = |entry: &EntryFigures| {
        let mine = entry.corrupted.iter().filter(|corrupted| corrupted.corruption == corruption);
        mine.map(|corrupted| spread(corrupted.strength as f64, corrupted.accuracy, 100.0)).collect()
    };
    let titles = (format!("{ACCURACY}, {corruption}"), "strength");
    let file = format!("accuracy-with-{corruption}");
    figure((&titles.0, titles.1), (Scale::Linear, true), &file, series(entries, points))
}
