//! The learning-rate range test: how the loss takes it when the learning rate grows from step to
//! step. After Smith, "Cyclical Learning Rates" (<https://arxiv.org/abs/1506.01186>); limits,
//! smoothing and suggestions are fastai's.

mod plot;
mod suggest;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use zoo_data::Loader;
use zoo_model::Classifier;

use super::{TrainSettings, Trainer};
use crate::Error;

pub use self::{
    plot::{is_plot, plot},
    suggest::{Suggestion, suggest},
};

/// The share of the last losses in a smoothed one.
const SMOOTHING: f64 = 0.98;
/// The test ends when the loss is this many times the lowest.
const DIVERGED: f64 = 4.0;

/// The learning rates of a test: this many, at equal ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeTest {
    /// The first one, above 0.
    pub from: f64,
    /// The last one, above the first.
    pub to: f64,
    /// Their number, at least 2.
    pub steps: usize,
}

/// A step of a test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangePoint {
    /// The learning rate.
    pub learning_rate: f64,
    /// The loss before the step.
    pub loss: f64,
    /// The moving average of the losses so far.
    pub smoothed: f64,
}

impl RangeTest {
    fn rate(self, step: usize) -> f64 {
        self.from * (self.to / self.from).powf(step as f64 / (self.steps - 1) as f64)
    }

    /// Trains `model` with growing learning rates, until the loss has run away.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read or the device gives up.
    pub fn run<M: Classifier>(
        self,
        model: M,
        settings: &TrainSettings,
        loader: &Loader,
        device: &Device,
    ) -> Result<Vec<RangePoint>, Error> {
        let mut trainer = Trainer::new(model, settings, device, None)?;
        trainer.freeze(0);
        let pace = settings.course.pace;
        let mut points = Vec::with_capacity(self.steps);
        let (mut average, mut lowest) = (0.0, f64::INFINITY);
        let mut batches = loader.epoch(0, 0);
        for step in 0..self.steps {
            if step > 0 && step.is_multiple_of(pace.steps_per_epoch()) {
                batches = loader.epoch(step / pace.steps_per_epoch(), 0);
            }
            let place = pace.step_after(step);
            let Some(made) = trainer.gradients(&mut batches, place, &mut ())? else {
                break;
            };
            let loss = made.measured.loss();
            average = SMOOTHING * average + (1.0 - SMOOTHING) * loss;
            let smoothed = average / (1.0 - SMOOTHING.powi(step as i32 + 1));
            lowest = smoothed.min(lowest);
            if !smoothed.is_finite() || smoothed > DIVERGED * lowest {
                break;
            }
            let learning_rate = self.rate(step);
            points.push(RangePoint { learning_rate, loss, smoothed });
            trainer.update(made.gradients, learning_rate);
        }
        Ok(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_grow_by_the_same_ratio() {
        let test = RangeTest { from: 1e-4, to: 1.0, steps: 5 };
        for (step, rate) in [1e-4, 1e-3, 1e-2, 1e-1, 1.0].into_iter().enumerate() {
            assert!((test.rate(step) / rate - 1.0).abs() < 1e-12, "{step}");
        }
    }
}
