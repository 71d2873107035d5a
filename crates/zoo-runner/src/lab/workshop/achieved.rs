//! What a training has come to: what would be kept of it.

use std::time::Instant;

use jiff::Timestamp;
use zoo_data::SplitName;
use zoo_model::AnyModel;
use zoo_training::{Line, Measured, RunProgress, Trained, fine_tune::Glance};

use super::student::{At, Stepped};
use crate::job::Done;

/// What a training has come to.
pub struct Achieved {
    started: Timestamp,
    clock: Instant,
    /// How far it is, and how good the best weights are.
    pub progress: RunProgress,
    /// The network that is best on the valid split, from the first look at that on.
    pub best: Option<AnyModel>,
    /// The network when the valid split was looked at last.
    last: Option<AnyModel>,
    /// Train images seen, each as often as it was.
    images: usize,
    lines: Vec<Line>,
    window: Window,
    /// Of a linear probe, what features are worth without a head.
    pub glance: Option<Glance>,
    /// Whether controls were changed on the way, so that no config says what was done.
    pub is_steered: bool,
}

/// What has been measured since the last line.
struct Window {
    measured: Measured,
    rates: Vec<f64>,
    began: Instant,
}

impl Achieved {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            started: Timestamp::now(),
            clock: Instant::now(),
            progress: RunProgress::default(),
            best: None,
            last: None,
            images: 0,
            lines: Vec::new(),
            window: Window::new(),
            glance: None,
            is_steered: false,
        }
    }

    /// Takes in a step, after which the training is at `at`.
    pub fn stepped(&mut self, stepped: &Stepped, at: At, log_every: usize) {
        self.images += stepped.measured.images;
        self.progress.step = at.step;
        self.window.measured += stepped.measured;
        self.window.rates.push(stepped.rate);
        if stepped.ends_epoch || at.step.is_multiple_of(log_every) {
            let epoch = at.epochs + usize::from(!stepped.ends_epoch);
            self.write(epoch, SplitName::Train);
        }
    }

    /// Takes in a look at the valid split after an epoch: at the network that would be kept, and at the
    /// weights themselves.
    pub fn validated(&mut self, measured: Measured, epoch: usize, kept: AnyModel, last: AnyModel) {
        self.window.measured = measured;
        self.write(epoch, SplitName::Valid);
        self.progress.epochs = epoch;
        self.progress.validated_step = self.progress.step;
        self.progress.seconds = self.clock.elapsed().as_secs_f64();
        if self.progress.note(measured.accuracy(), measured.loss()) {
            self.best = Some(kept);
        }
        self.last = Some(last);
    }

    /// Takes in a head that was fitted at once.
    pub fn probed(&mut self, trained: Trained<AnyModel>, glance: Option<Glance>, lines: Vec<Line>) {
        (self.progress, self.images) = (trained.progress, trained.images);
        (self.glance, self.lines) = (glance, lines);
        (self.best, self.last) = (Some(trained.model.clone()), Some(trained.model));
    }

    /// What is kept of it; nothing before the first look at the valid split.
    pub fn done(&self) -> Option<Done> {
        let (progress, images) = (self.progress, self.images);
        let model = self.last.clone()?;
        Some(Done {
            started: self.started,
            trained: Trained { model, progress, images, is_interrupted: false },
            best: self.best.clone()?,
            lines: self.lines.clone(),
            glance: self.glance,
        })
    }

    fn write(&mut self, epoch: usize, split: SplitName) {
        let Window { measured, rates, began } = std::mem::replace(&mut self.window, Window::new());
        self.lines.push(Line {
            epoch,
            step: self.progress.step,
            split,
            loss: Some(measured.loss()),
            accuracy: Some(measured.accuracy()),
            top_k_accuracy: measured.top_k_accuracy(),
            lr: (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64),
            images_per_second: measured.images as f64 / began.elapsed().as_secs_f64(),
            seconds: self.clock.elapsed().as_secs_f64(),
            steered: None,
        });
    }
}

impl Window {
    fn new() -> Self {
        Self { measured: Measured::default(), rates: Vec::new(), began: Instant::now() }
    }
}
