//! How training goes, on stderr: bars at a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, MultiProgress, ProgressBar};
use zoo_data::SplitName;

use super::{Course, measured::Measured};
use crate::progress::{Show, style};

/// Time between two plain lines within one split.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// A bar for the split under way, and one for the whole run.
pub struct Bars {
    show: Show,
    /// All epochs, where their number is known.
    epochs: Option<usize>,
    epoch: usize,
    split: SplitName,
    split_started: Instant,
    last_line: Instant,
    split_bar: ProgressBar,
    run_bar: ProgressBar,
    /// Of this split so far.
    measured: Measured,
    rate: Option<f64>,
}

impl Bars {
    /// Bars of a run of which `steps` steps are done.
    pub fn new(show: Show, course: Course, steps: usize) -> Self {
        let bars = MultiProgress::with_draw_target(show.target());
        let split_bar = bars.add(ProgressBar::new(0));
        split_bar.set_style(style("{prefix:18} {bar:30} {pos:>6}/{len:<6} {per_sec:>16}  {msg}"));
        let run_bar = bars.add(ProgressBar::no_length());
        run_bar.set_style(style("{prefix:18} {elapsed} elapsed"));
        if let Some(images) = course.images() {
            run_bar.set_length(images as u64);
            run_bar.set_style(style(
                "{prefix:18} {bar:30} {percent:>6} %  {elapsed} elapsed, {eta} left",
            ));
        }
        run_bar.set_prefix("whole run");
        run_bar.set_position(course.pace.images_after(steps) as u64);
        run_bar.reset_eta();
        let now = Instant::now();
        Self {
            show,
            epochs: course.epochs(),
            epoch: 0,
            split: SplitName::Train,
            split_started: now,
            last_line: now,
            split_bar,
            run_bar,
            measured: Measured::default(),
            rate: None,
        }
    }

    /// An epoch's split of so many images begins.
    pub fn begin(&mut self, epoch: usize, split: SplitName, images: usize) {
        (self.epoch, self.split) = (epoch, split);
        (self.measured, self.rate) = (Measured::default(), None);
        self.split_started = Instant::now();
        self.last_line = self.split_started;
        self.split_bar.reset();
        self.split_bar.set_length(images as u64);
        self.split_bar.set_prefix(self.place());
    }

    /// `images` images of the split are done; the last ones gave `measured`, a step at the learning
    /// rate `rate`.
    pub fn advance(&mut self, images: usize, measured: Measured, rate: Option<f64>) {
        self.measured += measured;
        self.rate = rate;
        let before = self.split_bar.position();
        self.split_bar.set_position(images as u64);
        self.split_bar.set_message(self.figures());
        if self.split == SplitName::Train {
            self.run_bar.inc((images as u64).saturating_sub(before));
        }
        if self.last_line.elapsed() > PLAIN_INTERVAL {
            self.print_line();
        }
    }

    /// The split is at its end.
    pub fn end_split(&mut self) {
        if self.show == Show::Bars {
            self.split_bar.println(format!("{}: {}", self.place(), self.figures()));
        }
        self.print_line();
    }

    /// The run is at its end.
    pub fn end(&self) {
        self.split_bar.finish_and_clear();
        self.run_bar.finish_and_clear();
    }

    fn figures(&self) -> String {
        let accuracy = self.measured.accuracy();
        let top_k = self.measured.top_k_accuracy();
        let figures = [
            Some(format!("loss {:.4}", self.measured.loss())),
            Some(format!("accuracy {:.2} %", 100.0 * accuracy)),
            top_k.map(|top_k| format!("top-k {:.2} %", 100.0 * top_k)),
            self.rate.map(|rate| format!("lr {rate:.2e}")),
        ];
        figures.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// As `epoch 3/10 train`.
    fn place(&self) -> String {
        let of = self.epochs.map_or_else(String::new, |epochs| format!("/{epochs}"));
        format!("epoch {}{of} {}", self.epoch, self.split)
    }

    fn print_line(&mut self) {
        self.last_line = Instant::now();
        if self.show != Show::Lines || self.measured.images == 0 {
            return;
        }
        let seconds = self.split_started.elapsed().as_secs_f64();
        let left = match self.split == SplitName::Train && self.run_bar.length().is_some() {
            true => format!(", {:#} left", HumanDuration(self.run_bar.eta())),
            false => String::new(),
        };
        eprintln!(
            "{}: {}/{} images, {:.0} images/s, {}{left}",
            self.place(),
            self.split_bar.position(),
            self.split_bar.length().unwrap_or_default(),
            self.measured.images as f64 / seconds,
            self.figures(),
        );
    }
}
