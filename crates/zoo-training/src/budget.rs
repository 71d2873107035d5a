//! How long a run is, in whatever unit it was given.

use std::ops::Range;

/// How an epoch is cut into optimizer steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Training images of an epoch.
    pub images: usize,
    /// Images of a batch.
    pub batch_size: usize,
    /// Batches of a step.
    pub accumulate: usize,
}

/// Which batches of a run make one of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBatches {
    /// The number of the first one, counted from 0 over the whole run.
    pub first_batch: usize,
    /// How many: the last step of an epoch may have fewer than others.
    pub batches: usize,
    /// Images in all of them.
    pub images: usize,
}

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// A number of optimizer steps.
    Steps(usize),
    /// Wall-clock seconds, validation and checkpoints included.
    Seconds(f64),
}

/// A run's length as a schedule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// All optimizer steps.
    pub steps: usize,
    /// Optimizer steps of one pass over the training split.
    pub steps_per_epoch: usize,
}

/// Where a run goes: its pace and its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// How an epoch is cut into steps.
    pub pace: Pace,
    /// What ends the run.
    pub budget: Budget,
}

impl Pace {
    /// Images of a step that is not the last of its epoch.
    fn images_per_step(self) -> usize {
        self.batch_size * self.accumulate
    }

    /// Steps of an epoch; the last one may have fewer batches, and its last batch fewer images.
    pub fn steps_per_epoch(self) -> usize {
        self.images.div_ceil(self.images_per_step())
    }

    /// Batches that the first `steps` steps of a run see.
    pub fn batches_after(self, steps: usize) -> usize {
        let (epochs, rest) = (steps / self.steps_per_epoch(), steps % self.steps_per_epoch());
        epochs * self.images.div_ceil(self.batch_size) + rest * self.accumulate
    }

    /// Images that the first `steps` steps of a run see.
    pub fn images_after(self, steps: usize) -> usize {
        let (epochs, rest) = (steps / self.steps_per_epoch(), steps % self.steps_per_epoch());
        epochs * self.images + rest * self.images_per_step()
    }

    /// The step that follows `steps` steps.
    pub fn step_after(self, steps: usize) -> StepBatches {
        let first_batch = self.batches_after(steps);
        StepBatches {
            first_batch,
            batches: self.batches_after(steps + 1) - first_batch,
            images: self.images_after(steps + 1) - self.images_after(steps),
        }
    }

    /// The fewest steps that see `images` images.
    pub fn steps_for(self, images: usize) -> usize {
        let (epochs, rest) = (images / self.images, images % self.images);
        epochs * self.steps_per_epoch() + rest.div_ceil(self.images_per_step())
    }
}

impl StepBatches {
    /// The numbers of its batches, so many at a time.
    pub fn rounds(self, at_a_time: usize) -> impl Iterator<Item = Range<usize>> {
        rounds(self.first_batch..self.first_batch + self.batches, at_a_time)
    }
}

/// `numbers`, so many at a time; the last ones may be fewer.
pub fn rounds(numbers: Range<usize>, at_a_time: usize) -> impl Iterator<Item = Range<usize>> {
    let end = numbers.end;
    numbers.step_by(at_a_time).map(move |first| first..end.min(first + at_a_time))
}

impl Course {
    /// Epochs begun; the last one may be cut short. Unknown where time ends the run.
    pub fn epochs(self) -> Option<usize> {
        match self.budget {
            Budget::Steps(steps) => Some(steps.div_ceil(self.pace.steps_per_epoch())),
            Budget::Seconds(_) => None,
        }
    }

    /// All training images; unknown where time ends the run.
    pub fn images(self) -> Option<usize> {
        match self.budget {
            Budget::Steps(steps) => Some(self.pace.images_after(steps)),
            Budget::Seconds(_) => None,
        }
    }

    /// True where a run that has come so far is at its end.
    pub fn is_over(self, steps: usize, seconds: f64) -> bool {
        match self.budget {
            Budget::Steps(all) => steps >= all,
            Budget::Seconds(all) => seconds >= all,
        }
    }

    /// The length for a schedule, at a run that has come so far. Where time ends the run, the
    /// number of its steps is foretold from those done.
    pub fn length(self, steps: usize, seconds: f64) -> RunLength {
        let steps = match self.budget {
            Budget::Steps(all) => all,
            Budget::Seconds(all) => {
                let foretold = (steps + 1) as f64 * all / seconds.max(f64::MIN_POSITIVE);
                (foretold as usize).max(steps + 1)
            }
        };
        RunLength { steps, steps_per_epoch: self.pace.steps_per_epoch() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epochs of three steps: 8, 8 and 4 images.
    const PACE: Pace = Pace { images: 20, batch_size: 4, accumulate: 2 };

    #[test]
    fn an_epoch_ends_with_what_is_left() {
        assert_eq!(PACE.steps_per_epoch(), 3);
        assert_eq!([0, 1, 2, 3, 4].map(|steps| PACE.step_after(steps).images), [8, 8, 4, 8, 8]);
        assert_eq!([0, 1, 2, 3].map(|steps| PACE.step_after(steps).batches), [2, 2, 1, 2]);
        assert_eq!([0, 1, 3, 4].map(|steps| PACE.images_after(steps)), [0, 8, 20, 28]);
        assert_eq!([0, 1, 3, 4].map(|steps| PACE.batches_after(steps)), [0, 2, 5, 7]);
        assert_eq!([1, 8, 9, 20, 21, 40].map(|images| PACE.steps_for(images)), [1, 1, 2, 3, 4, 6]);
    }

    #[test]
    fn batches_come_in_rounds() {
        let step = StepBatches { first_batch: 8, batches: 5, images: 20 };
        assert_eq!(step.rounds(2).collect::<Vec<_>>(), [8..10, 10..12, 12..13]);
        assert!(step.rounds(8).eq(std::iter::once(8..13)));
    }

    #[test]
    fn steps_end_a_run() {
        let course = Course { pace: PACE, budget: Budget::Steps(7) };
        assert_eq!((course.epochs(), course.images()), (Some(3), Some(48)));
        assert!(!course.is_over(6, 1e9));
        assert!(course.is_over(7, 0.0));
        assert_eq!(course.length(0, 0.0), RunLength { steps: 7, steps_per_epoch: 3 });
    }

    #[test]
    fn time_ends_a_run_whose_length_is_foretold() {
        let course = Course { pace: PACE, budget: Budget::Seconds(10.0) };
        assert_eq!((course.epochs(), course.images()), (None, None));
        assert!(!course.is_over(1_000, 9.9));
        assert!(course.is_over(0, 10.0));
        assert_eq!(course.length(9, 2.0).steps, 50);
        assert_eq!(course.length(9, 20.0).steps, 10);
    }
}
