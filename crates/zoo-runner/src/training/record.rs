//! `metrics.jsonl`: one JSON object a line, written as training goes.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write,
    time::Instant,
};

use burn::train::{
    logger::MetricLogger,
    metric::{
        MetricDefinition, MetricId, NumericEntry,
        store::{EpochSummary, MetricsUpdate, Split},
    },
};
use serde::Serialize;

use super::{Stop, metrics::Quantity, tensorboard::EventWriter};
use crate::{Error, run_dir::RunDir};

/// A line of `metrics.jsonl`. Train lines hold the mean since the line before, valid lines that of
/// the whole split.
#[derive(Debug, Serialize)]
pub struct Line {
    epoch: usize,
    step: usize,
    split: &'static str,
    loss: Option<f64>,
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k_accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lr: Option<f64>,
    images_per_second: f64,
    seconds: f64,
}

impl Line {
    /// What a fit that has no learning rate has come to after `step` steps.
    pub fn new(
        (epoch, step): (usize, usize),
        split: &'static str,
        (loss, accuracy): (f64, f64),
        images_per_second: f64,
        seconds: f64,
    ) -> Self {
        Self {
            epoch,
            step,
            split,
            loss: Some(loss),
            accuracy: Some(accuracy),
            top_k_accuracy: None,
            lr: None,
            images_per_second,
            seconds,
        }
    }

    /// What TensorBoard draws, by the name under which it does.
    fn scalars(&self) -> Vec<(String, f64)> {
        let scalars = [
            ("loss", self.loss),
            ("accuracy", self.accuracy),
            ("top_k_accuracy", self.top_k_accuracy),
            ("learning_rate", self.lr),
            ("images_per_second", Some(self.images_per_second)),
        ];
        let named = scalars.into_iter().filter_map(|(name, value)| Some((name, value?)));
        named.map(|(name, value)| (format!("{}/{name}", self.split), value)).collect()
    }
}

/// Where a run stood when a [`Recorder`] takes it up.
#[derive(Clone, Copy, Debug)]
pub struct RecordStart {
    /// Optimizer steps done.
    pub step: usize,
    /// Length of `metrics.jsonl` in bytes at that step; what comes after is cut off.
    pub bytes: u64,
    /// Seconds of training before.
    pub seconds: f64,
}

/// Burn's metric logger that writes `metrics.jsonl`, and the same for TensorBoard.
pub struct Recorder {
    file: File,
    events: EventWriter,
    log_every: usize,
    step: usize,
    seconds_before: f64,
    started: Instant,
    names: HashMap<MetricId, Quantity>,
    window: Window,
    epoch_means: HashMap<(Quantity, &'static str, usize), f64>,
    stop: Stop,
}

impl Recorder {
    /// Opens the run's `metrics.jsonl`, cuts it back to `start`, and begins an event file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if one of them cannot be written.
    pub fn open(
        run_dir: &RunDir,
        start: RecordStart,
        log_every: usize,
        stop: Stop,
    ) -> Result<Self, Error> {
        let (path, events) = (run_dir.metrics(), run_dir.tensorboard());
        let file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        let bytes = file.metadata().map_err(Error::io(&path))?.len();
        // After a power cut the file may be shorter than it was; it is not filled up with zeros.
        file.set_len(start.bytes.min(bytes)).map_err(Error::io(&path))?;
        let events = EventWriter::create(&events, start.step).map_err(Error::io(&events))?;
        Ok(Self {
            file,
            events,
            log_every,
            step: start.step,
            seconds_before: start.seconds,
            started: Instant::now(),
            names: HashMap::new(),
            window: Window::new(),
            epoch_means: HashMap::new(),
            stop,
        })
    }

    fn write(&mut self, split: &'static str, epoch: usize) {
        let window = std::mem::replace(&mut self.window, Window::new());
        let line = Line {
            epoch,
            step: self.step,
            split,
            loss: window.mean(Quantity::Loss),
            accuracy: window.mean(Quantity::Accuracy),
            top_k_accuracy: window.mean(Quantity::TopKAccuracy),
            lr: window.mean(Quantity::LearningRate),
            images_per_second: window.images_per_second(),
            seconds: self.seconds_before + self.started.elapsed().as_secs_f64(),
        };
        self.put(&line);
    }

    /// Writes a line.
    pub fn put(&mut self, line: &Line) {
        let written = serde_json::to_string(line)
            .map_err(std::io::Error::from)
            .and_then(|text| writeln!(self.file, "{text}"));
        if let Err(error) = written {
            self.stop.fail(Error::Failed(format!("metrics.jsonl: cannot write: {error}")));
        }
        if let Err(error) = self.events.scalars(line.step, &line.scalars()) {
            self.stop.fail(Error::Failed(format!("tensorboard: cannot write: {error}")));
        }
    }
}

impl MetricLogger for Recorder {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        let mut is_step = false;
        for metric in update.entries_numeric {
            let Some(&quantity) = self.names.get(&metric.entry.metric_id) else {
                continue;
            };
            match metric.numeric_entry {
                Some(NumericEntry::Aggregated { aggregated_value, count }) => {
                    is_step = true;
                    self.window.add(quantity, aggregated_value * quantity.scale(), count);
                    // The loop itself looks at the train loss, before it reaches the weights.
                    let is_broken = quantity == Quantity::Loss && !aggregated_value.is_finite();
                    if is_broken && *split == Split::Valid {
                        self.stop.fail(Error::Failed(format!(
                            "the valid loss is {aggregated_value} after step {}: lower the \
                             learning rate, lengthen the warm-up, or set train.clip_grad_norm",
                            self.step
                        )));
                    }
                }
                Some(NumericEntry::Final(mean)) => {
                    let mean = mean * quantity.scale();
                    self.epoch_means.insert((quantity, name(split), epoch), mean);
                }
                _ => {}
            }
        }
        if is_step && *split == Split::Train {
            self.step += 1;
            if self.step.is_multiple_of(self.log_every) {
                self.write("train", epoch);
            }
        }
    }

    fn read_numeric(
        &mut self,
        name_of: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        let mean = Quantity::of(name_of)
            .and_then(|quantity| self.epoch_means.get(&(quantity, name(split), epoch)));
        Ok(mean.map(|&mean| NumericEntry::Final(mean)).into_iter().collect())
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        if let Some(quantity) = Quantity::of(&definition.name) {
            self.names.insert(definition.metric_id, quantity);
        }
    }

    fn log_epoch_summary(&mut self, summary: EpochSummary) {
        // A valid line is one epoch's; a train line may be left over from a window cut short.
        if !self.window.is_empty() {
            self.write(name(&summary.split), summary.epoch_number);
        }
    }
}

fn name(split: &Split) -> &'static str {
    split.clone().into()
}

/// Sums since the last line.
struct Window {
    sums: HashMap<Quantity, (f64, usize)>,
    started: Instant,
}

impl Window {
    fn new() -> Self {
        Self { sums: HashMap::new(), started: Instant::now() }
    }

    fn add(&mut self, quantity: Quantity, mean: f64, count: usize) {
        let (sum, counted) = self.sums.entry(quantity).or_default();
        *sum += mean * count as f64;
        *counted += count;
    }

    fn mean(&self, quantity: Quantity) -> Option<f64> {
        self.sums.get(&quantity).map(|(sum, count)| sum / *count as f64)
    }

    fn images_per_second(&self) -> f64 {
        let images = self.sums.get(&Quantity::Loss).map_or(0, |(_, count)| *count);
        images as f64 / self.started.elapsed().as_secs_f64()
    }

    fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }
}
