//! Progress on stderr: bars at a terminal, plain lines elsewhere, nothing where silence is asked.

use std::{
    collections::{BTreeMap, HashMap},
    io::IsTerminal,
    time::{Duration, Instant},
};

use burn::train::{
    LearnerSummary,
    logger::{EvaluationProgressLogger, TrainingProgressLogger},
    metric::{MetricDefinition, MetricId, NumericEntry},
    renderer::{
        EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
        MetricsRendererTraining,
    },
};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::training::{Course, Quantity};

/// Time between two plain lines within one split.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// How much to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Nothing.
    Nothing,
    /// A line now and then.
    Lines,
    /// Bars that move.
    Bars,
}

impl Show {
    /// What suits stderr, unless silence is asked.
    pub fn on_stderr(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Nothing,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }

    /// A bar over `length` images.
    pub fn bar(self, what: &'static str, length: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length as u64), self.target());
        bar.with_style(style("{msg} {bar:30} {pos}/{len} images {per_sec}, {eta} left"))
            .with_message(what)
    }

    /// A bar over `length` steps, whose message tells what is being done.
    pub fn steps(self, length: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length as u64), self.target());
        bar.with_style(style("{bar:30} {percent:>3} %, {eta} left  {msg}"))
    }

    /// A line of text with the time that has gone.
    pub fn spinner(self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.target());
        bar.with_style(style("{spinner} {elapsed} {wide_msg}"))
    }

    /// A bar over the bytes of a file, of which the number may not be known.
    pub fn bytes_bar(self, what: String, length: Option<u64>) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(length, self.target());
        bar.with_style(style("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"))
            .with_message(what)
    }

    fn target(self) -> ProgressDrawTarget {
        match self {
            Self::Bars => ProgressDrawTarget::stderr(),
            Self::Lines | Self::Nothing => ProgressDrawTarget::hidden(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("templates are literal")
        .progress_chars("=> ")
        .with_key("per_sec", |state: &indicatif::ProgressState, f: &mut dyn std::fmt::Write| {
            let _ = write!(f, "{:.0} images/s", state.per_sec());
        })
}

/// Burn's renderer of a training, drawn by indicatif.
pub struct TrainingProgress {
    show: Show,
    /// All epochs, where their number is known.
    epochs: Option<usize>,
    epoch: usize,
    split: String,
    split_started: Instant,
    last_line: Instant,
    split_bar: ProgressBar,
    run_bar: ProgressBar,
    names: HashMap<MetricId, Quantity>,
    /// Sum and number of images of each quantity in this split; of the learning rate, the last.
    sums: BTreeMap<Quantity, (f64, usize)>,
}

impl TrainingProgress {
    /// A renderer for a run of whose training images `done` are done, and of whose epochs
    /// `epochs_done` are.
    pub fn new(show: Show, course: Course, done: usize, epochs_done: usize) -> Self {
        let bars = MultiProgress::with_draw_target(show.target());
        let split_bar = bars.add(ProgressBar::new(0));
        split_bar.set_style(style("{prefix:18} {bar:30} {pos:>6}/{len:<6} {per_sec:>16}  {msg}"));
        let run_bar = bars.add(ProgressBar::no_length());
        run_bar.set_style(style("{prefix:18} {elapsed} gone"));
        if let Some(images) = course.images() {
            run_bar.set_length(images as u64);
            run_bar.set_style(style(
                "{prefix:18} {bar:30} {percent:>6} %  {elapsed} gone, {eta} left",
            ));
        }
        run_bar.set_prefix("whole run");
        run_bar.set_position(done as u64);
        run_bar.reset_eta();
        let now = Instant::now();
        Self {
            show,
            epochs: course.epochs(),
            epoch: epochs_done + 1,
            split: String::new(),
            split_started: now,
            last_line: now,
            split_bar,
            run_bar,
            names: HashMap::new(),
            sums: BTreeMap::new(),
        }
    }

    fn note(&mut self, state: MetricState) {
        // What Burn reports at the end of an epoch is the mean of what it reported before.
        let MetricState::Numeric(entry, Some(NumericEntry::Aggregated { aggregated_value, count })) =
            state
        else {
            return;
        };
        let Some(&quantity) = self.names.get(&entry.metric_id) else {
            return;
        };
        let (sum, counted) = self.sums.entry(quantity).or_default();
        if quantity == Quantity::LearningRate {
            (*sum, *counted) = (0.0, 0);
        }
        *sum += aggregated_value * quantity.scale() * count as f64;
        *counted += count;
    }

    fn is_training(&self) -> bool {
        self.split == "train"
    }

    fn figures(&self) -> String {
        let figure = |(quantity, &(sum, count)): (&Quantity, &(f64, usize))| {
            let mean = sum / count as f64;
            match quantity {
                Quantity::Loss => format!("loss {mean:.4}"),
                Quantity::Accuracy => format!("accuracy {:.2} %", 100.0 * mean),
                Quantity::TopKAccuracy => format!("top-k {:.2} %", 100.0 * mean),
                Quantity::LearningRate => format!("lr {mean:.2e}"),
            }
        };
        self.sums.iter().map(figure).collect::<Vec<_>>().join(", ")
    }

    /// As `epoch 3/10 train`.
    fn place(&self) -> String {
        let of = self.epochs.map_or_else(String::new, |epochs| format!("/{epochs}"));
        format!("epoch {}{of} {}", self.epoch, self.split)
    }

    fn print_line(&mut self) {
        self.last_line = Instant::now();
        if self.show != Show::Lines {
            return;
        }
        let seconds = self.split_started.elapsed().as_secs_f64();
        let images = self.split_bar.position();
        let left = match self.is_training() && self.run_bar.length().is_some() {
            true => format!(", {:#} left", HumanDuration(self.run_bar.eta())),
            false => String::new(),
        };
        eprintln!(
            "{}: {images}/{} images, {:.0} images/s, {}{left}",
            self.place(),
            self.split_bar.length().unwrap_or_default(),
            images as f64 / seconds,
            self.figures(),
        );
    }
}

impl TrainingProgressLogger for TrainingProgress {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}

    fn start_split(&mut self, split: &str, total_items: usize) {
        self.split = split.to_string();
        self.sums.clear();
        self.split_started = Instant::now();
        self.last_line = self.split_started;
        self.split_bar.reset();
        self.split_bar.set_length(total_items as u64);
        self.split_bar.set_prefix(self.place());
    }

    fn update_split(&mut self, items_processed: usize) {
        let before = self.split_bar.position();
        self.split_bar.set_position(items_processed as u64);
        self.split_bar.set_message(self.figures());
        if self.is_training() {
            self.run_bar.inc((items_processed as u64).saturating_sub(before));
        }
        if self.last_line.elapsed() > PLAIN_INTERVAL {
            self.print_line();
        }
    }

    fn end_split(&mut self) {
        self.split_bar.set_message(self.figures());
        if self.show == Show::Bars {
            self.split_bar.println(format!("{}: {}", self.place(), self.figures()));
        }
        self.print_line();
    }

    fn update_epoch(&mut self, epoch: usize) {
        self.epoch = epoch + 1;
    }

    fn end(&mut self) {
        self.split_bar.finish_and_clear();
        self.run_bar.finish_and_clear();
    }

    fn log_event_training(&mut self, _: String) {}
}

impl MetricsRendererTraining for TrainingProgress {
    fn update_train(&mut self, state: MetricState) {
        self.note(state);
    }

    fn update_valid(&mut self, state: MetricState) {
        self.note(state);
    }

    fn on_train_end(
        &mut self,
        _: Option<LearnerSummary>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        Ok(())
    }
}

impl MetricsRenderer for TrainingProgress {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        if let Some(quantity) = Quantity::of(&definition.name) {
            self.names.insert(definition.metric_id, quantity);
        }
    }
}

// Evaluation does not go through Burn's renderer: see `evaluation`.
impl MetricsRendererEvaluation for TrainingProgress {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}

impl EvaluationProgressLogger for TrainingProgress {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}
