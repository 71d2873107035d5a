//! How a training went: `metrics.jsonl` as curves and as a table of epochs.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::json;
use zoo_data::SplitName;
use zoo_training::{Line, read_lines};

use crate::{
    Error,
    report::{Chart, Point, Series, cell, head, render, write_csv},
};

/// What a run has written down on its way.
#[derive(Debug)]
pub struct Curves {
    lines: Vec<Line>,
}

impl Curves {
    /// Reads `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read.
    pub fn read(metrics: &Path) -> Result<Self, Error> {
        Ok(Self { lines: read_lines(metrics)? })
    }

    /// The lines of a split, in their order.
    pub fn lines(&self, split: SplitName) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.split == split)
    }

    /// Training images a second: the median of the train lines; none without one.
    pub fn train_speed(&self) -> Option<f64> {
        let mut speeds: Vec<f64> = self
            .lines(SplitName::Train)
            .filter(|line| line.steered.is_none())
            .map(|line| line.images_per_second)
            .collect();
        speeds.sort_by(f64::total_cmp);
        speeds.get(speeds.len() / 2).copied()
    }

    /// Loss, accuracy and learning rate over epochs, as far as there is something to draw.
    pub fn charts(&self) -> Vec<Chart> {
        let of = |split: SplitName, figure: fn(&Line) -> Option<f64>| Series {
            name: split.to_string(),
            points: self.points(split, figure),
        };
        let percent = |line: &Line| line.accuracy.map(|accuracy| 100.0 * accuracy);
        let both = |figure: fn(&Line) -> Option<f64>| {
            [of(SplitName::Train, figure), of(SplitName::Valid, figure)]
        };
        let rate = Series {
            name: String::from("learning rate"),
            points: self.points(SplitName::Train, |line| line.lr),
        };
        let charts = [
            Chart::new("loss", "epoch", both(|line| line.loss)),
            Chart::new("accuracy in %", "epoch", both(percent)),
            Chart::new("learning rate", "epoch", [rate]),
        ];
        charts.into_iter().flatten().collect()
    }

    /// A figure of a split over epochs.
    fn points(&self, split: SplitName, figure: fn(&Line) -> Option<f64>) -> Vec<Point> {
        let steps_per_epoch = self.steps_per_epoch();
        self.lines(split)
            .filter_map(|line| Some((line.step as f64 / steps_per_epoch, figure(line)?)))
            .map(Point::from)
            .collect()
    }

    /// Steps of a whole epoch, as far as one has been seen.
    fn steps_per_epoch(&self) -> f64 {
        let steps = self.lines.iter().map(|line| line.step as f64 / line.epoch.max(1) as f64);
        steps.fold(1.0, f64::max)
    }

    /// One row per epoch: the means of its train lines, weighted by steps, and its last valid line.
    fn epochs(&self) -> Vec<Vec<String>> {
        let mut epochs: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
        for line in &self.lines {
            epochs.entry(line.epoch).or_default().push(line);
        }
        let names = [
            "epoch",
            "step",
            "train_loss",
            "train_accuracy",
            "valid_loss",
            "valid_accuracy",
            "valid_top_k_accuracy",
            "lr",
            "train_images_per_second",
            "seconds",
        ];
        let mut step = 0;
        let mut rows = vec![head(names)];
        for (epoch, lines) in epochs {
            let mut train = Vec::new();
            for line in lines.iter().filter(|line| line.split == SplitName::Train) {
                train.push((*line, line.step.saturating_sub(step) as f64));
                step = line.step;
            }
            let valid = lines.iter().rfind(|line| line.split == SplitName::Valid);
            rows.push(vec![
                epoch.to_string(),
                cell(lines.last().map(|line| line.step)),
                cell(mean(&train, |line| line.loss)),
                cell(mean(&train, |line| line.accuracy)),
                cell(valid.and_then(|line| line.loss)),
                cell(valid.and_then(|line| line.accuracy)),
                cell(valid.and_then(|line| line.top_k_accuracy)),
                cell(train.last().and_then(|(line, _)| line.lr)),
                cell(mean(&train, |line| Some(line.images_per_second))),
                cell(lines.last().map(|line| line.seconds)),
            ]);
        }
        rows
    }
}

/// The weighted mean of a figure; `None` if no line has it.
fn mean(lines: &[(&Line, f64)], figure: fn(&Line) -> Option<f64>) -> Option<f64> {
    let known = || lines.iter().filter_map(|(line, weight)| Some((figure(line)?, weight)));
    let weights: f64 = known().map(|(_, weight)| weight).sum();
    (weights > 0.0).then(|| known().map(|(value, weight)| value * weight).sum::<f64>() / weights)
}

/// Writes `curves.svg` and `epochs.csv`, made from `metrics.jsonl`.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be read or written.
pub fn write_curves(metrics: &Path, svg: &Path, epochs: &Path) -> Result<(), Error> {
    let curves = Curves::read(metrics)?;
    let picture = render("curves.svg", json!({"charts": curves.charts()}))?;
    fs::write(svg, picture).map_err(Error::io(svg))?;
    write_csv(epochs, curves.epochs())
}
