//! How far a comparison has come, and how long it will take.

use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar};
use zoo_training::progress::Show;

use super::{Outcome, budget::training_flops, plan::Planned};
use crate::Error;

/// What is known of a run's length.
#[derive(Clone, Copy, Debug)]
struct Work {
    entry: usize,
    /// Train images; unknown where time ends the run.
    images: Option<usize>,
    /// The seconds that end the run, where time does.
    seconds: Option<f64>,
    /// Floating-point operations of an image.
    flops: f64,
}

/// Shows how a comparison goes.
pub struct Clock {
    show: Show,
    bar: ProgressBar,
    runs: Vec<Work>,
    /// Finished runs with their seconds.
    done: Vec<(Work, f64)>,
    /// The run that is under way: its number and name.
    now: (usize, String),
}

impl Work {
    fn of(planned: &Planned) -> Self {
        Self {
            entry: planned.entry,
            images: planned.images,
            seconds: planned.config.train.seconds,
            flops: training_flops(&planned.config),
        }
    }

    /// Seconds that it will take, judged by those done; none where nothing like it is done.
    fn foretold(&self, done: &[(Work, f64)]) -> Option<f64> {
        if let Some(seconds) = self.seconds {
            return Some(seconds);
        }
        let images = self.images? as f64;
        let rate = |work_of: &dyn Fn(&Work) -> Option<f64>| {
            let known = || done.iter().filter_map(|(work, s)| Some((work_of(work)?, s)));
            let work: f64 = known().map(|(work, _)| work).sum();
            (work > 0.0).then(|| known().map(|(_, seconds)| seconds).sum::<f64>() / work)
        };
        let same = rate(&|work| (work.entry == self.entry).then_some(work.images? as f64));
        let other = rate(&|work| Some(work.images? as f64 * work.flops));
        same.map(|rate| rate * images).or(other.map(|rate| rate * images * self.flops))
    }
}

impl Clock {
    /// A clock for these runs.
    pub fn new(runs: &[Planned], show: Show) -> Self {
        let bar = show.spinner();
        let runs = runs.iter().map(Work::of).collect();
        Self { show, bar, runs, done: Vec::new(), now: (0, String::new()) }
    }

    /// How much is shown.
    pub fn show(&self) -> Show {
        self.show
    }

    /// Shows that a run is begun.
    pub fn begin(&mut self, number: usize, planned: &Planned) {
        self.now = (number, planned.name.clone());
        let left = match self.seconds_left() {
            Some(seconds) => {
                format!(", {:#} of training left", HumanDuration(Duration::from_secs_f64(seconds)))
            }
            None => String::new(),
        };
        let line = format!("run {} of {}: {}{left}", number + 1, self.runs.len(), planned.name);
        match self.show {
            Show::Nothing => {}
            Show::Lines => eprintln!("{line}"),
            Show::Bars => self.bar.println(line),
        }
    }

    /// Shows what a run says.
    pub fn say(&self, line: &str) {
        let line = format!("[{}/{}] {}: {line}", self.now.0 + 1, self.runs.len(), self.now.1);
        match self.show {
            Show::Nothing => {}
            Show::Lines => eprintln!("{line}"),
            Show::Bars => {
                self.bar.set_message(line);
                self.bar.tick();
            }
        }
    }

    /// Takes in how long a run took.
    pub fn note(&mut self, planned: &Planned, outcome: &Outcome) {
        if let Some(training) = &outcome.report.training {
            self.done.push((Work::of(planned), training.seconds));
        }
    }

    /// Remaining seconds of the current run and those after it; `None` if unknown.
    fn seconds_left(&self) -> Option<f64> {
        self.runs[self.now.0..].iter().map(|work| work.foretold(&self.done)).sum()
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// What a comparison ends with that the user stopped.
    pub fn paused(&self) -> Error {
        self.end();
        Error::Paused { finished: self.now.0, all: self.runs.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(entry: usize, images: Option<usize>) -> Work {
        Work { entry, images, seconds: None, flops: [10.0, 30.0][entry] }
    }

    #[test]
    fn a_run_takes_as_long_as_those_of_its_entry() {
        let done =
            [(work(0, Some(100)), 5.0), (work(0, Some(300)), 15.0), (work(1, Some(10)), 9.0)];
        assert_eq!(work(0, Some(200)).foretold(&done), Some(10.0));
        assert_eq!(work(1, Some(20)).foretold(&done), Some(18.0));
    }

    #[test]
    fn a_run_unlike_any_other_is_judged_by_its_operations() {
        let done = [(work(0, Some(100)), 5.0)];
        assert_eq!(work(1, Some(100)).foretold(&done), Some(15.0));
        assert_eq!(work(1, Some(100)).foretold(&[]), None);
        assert_eq!(work(1, None).foretold(&done), None);
        let timed = Work { seconds: Some(7.0), ..work(1, None) };
        assert_eq!(timed.foretold(&[]), Some(7.0));
    }
}
