//! `metrics.jsonl`: one JSON object per line, written as training goes, and the same for TensorBoard.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use zoo_data::SplitName;

use super::{
    checkpoint::RunProgress,
    live::{Command, Steered},
    measured::Measured,
    tensorboard::EventWriter,
};
use crate::{Error, run_dir::RunDir};

/// A line of `metrics.jsonl`. Train lines hold the mean since the line before, valid lines that of
/// the whole split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Optimizer steps done.
    pub step: usize,
    /// The split that was measured.
    pub split: SplitName,
    /// Mean loss in nats.
    pub loss: Option<f64>,
    /// The fraction of images whose prediction is right.
    pub accuracy: Option<f64>,
    /// The fraction of images whose class is among the k most probable, where that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k_accuracy: Option<f64>,
    /// The mean learning rate, of train lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// Images per second since the line before.
    pub images_per_second: f64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// What the run was told by whoever steers it; such a line measures nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steered: Option<Command>,
}

impl Line {
    /// What TensorBoard draws, by the name under which it does.
    fn scalars(&self) -> Vec<(String, f64)> {
        let scalars = [
            ("loss", self.loss),
            ("accuracy", self.accuracy),
            ("top_k_accuracy", self.top_k_accuracy),
            ("learning_rate", self.lr),
            ("images_per_second", self.loss.map(|_| self.images_per_second)),
        ];
        let named = scalars.into_iter().filter_map(|(name, value)| Some((name, value?)));
        named.map(|(name, value)| (format!("{}/{name}", self.split), value)).collect()
    }
}

/// The lines of a `metrics.jsonl`.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read.
pub fn read_lines(metrics: &Path) -> Result<Vec<Line>, Error> {
    let text = fs::read_to_string(metrics).map_err(Error::io(metrics))?;
    // The last line of a run that was killed may be half a line.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// What whoever steered a run told it, as its `metrics.jsonl` says.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read.
pub fn read_steered(metrics: &Path) -> Result<Vec<Steered>, Error> {
    let lines = read_lines(metrics)?;
    let steered = |line: &Line| Some(Steered { step: line.step, command: line.steered? });
    Ok(lines.iter().filter_map(steered).collect())
}

/// Writes `metrics.jsonl` and TensorBoard's event files.
pub struct MetricsFile {
    /// None on ranks other than the first.
    files: Option<(File, EventWriter)>,
    seconds_before: f64,
    started: Instant,
    window: Window,
}

/// What has been measured since the last line.
struct Window {
    measured: Measured,
    rates: Vec<f64>,
    started: Instant,
}

impl MetricsFile {
    /// Opens the run's `metrics.jsonl`, cuts it back to where the run stood at `start`, and begins
    /// an event file. Without a run directory, nothing is written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if one of them cannot be written.
    pub fn open(run_dir: Option<&RunDir>, start: &RunProgress) -> Result<Self, Error> {
        let files = run_dir.map(|run_dir| Self::files(run_dir, start)).transpose()?;
        let (seconds_before, started, window) = (start.seconds, Instant::now(), Window::new());
        Ok(Self { files, seconds_before, started, window })
    }

    fn files(run_dir: &RunDir, start: &RunProgress) -> Result<(File, EventWriter), Error> {
        let (path, events) = (run_dir.metrics(), run_dir.tensorboard());
        let file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        let bytes = file.metadata().map_err(Error::io(&path))?.len();
        // After a power cut the file may be shorter than it was; it is not filled up with zeros.
        file.set_len(start.metrics_bytes.min(bytes)).map_err(Error::io(&path))?;
        Ok((file, EventWriter::create(&events, start.step).map_err(Error::io(&events))?))
    }

    /// Seconds of training so far, those before this process included.
    pub fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Length of `metrics.jsonl` in bytes.
    pub fn bytes(&self) -> u64 {
        let metadata = self.files.as_ref().and_then(|(file, _)| file.metadata().ok());
        metadata.map_or(0, |file| file.len())
    }

    /// Takes in what a step, or a batch of the valid split, gave; `rate` is a step's learning rate.
    pub fn note(&mut self, measured: Measured, rate: Option<f64>) {
        self.window.measured += measured;
        self.window.rates.extend(rate);
    }

    /// Forgets what has been noted since the last line, and when.
    pub fn restart(&mut self) {
        self.window = Window::new();
    }

    /// Writes a line of what has been noted since the last one, if there is something.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if a file cannot be written.
    pub fn write(&mut self, epoch: usize, step: usize, split: SplitName) -> Result<(), Error> {
        let Window { measured, rates, started } =
            std::mem::replace(&mut self.window, Window::new());
        if measured.images == 0 {
            return Ok(());
        }
        let line = Line {
            epoch,
            step,
            split,
            loss: Some(measured.loss()),
            accuracy: Some(measured.accuracy()),
            top_k_accuracy: measured.top_k_accuracy(),
            lr: (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64),
            images_per_second: measured.images as f64 / started.elapsed().as_secs_f64(),
            seconds: self.seconds(),
            steered: None,
        };
        self.put(&line)
    }

    /// Writes a line of what the run was told.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if a file cannot be written.
    pub fn steered(&mut self, epoch: usize, step: usize, command: Command) -> Result<(), Error> {
        self.put(&Line {
            epoch,
            step,
            split: SplitName::Train,
            loss: None,
            accuracy: None,
            top_k_accuracy: None,
            lr: None,
            images_per_second: 0.0,
            seconds: self.seconds(),
            steered: Some(command),
        })
    }

    /// Leaves out a time in which the run has waited.
    pub fn leave_out(&mut self, waited: Duration) {
        self.started += waited;
        self.window.started += waited;
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if a file cannot be written.
    pub fn put(&mut self, line: &Line) -> Result<(), Error> {
        let Some((file, events)) = &mut self.files else {
            return Ok(());
        };
        let failed = |file: &str, error: &dyn std::fmt::Display| {
            Error::Failed(format!("{file}: cannot write: {error}"))
        };
        let text = serde_json::to_string(line).map_err(|error| failed("metrics.jsonl", &error))?;
        writeln!(file, "{text}").map_err(|error| failed("metrics.jsonl", &error))?;
        let written = events.scalars(line.step, &line.scalars());
        written.map_err(|error| failed("tensorboard", &error))
    }
}

impl Window {
    fn new() -> Self {
        Self { measured: Measured::default(), rates: Vec::new(), started: Instant::now() }
    }
}
