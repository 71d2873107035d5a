//! A linear probe in a workshop: no steps, but one head after the other, fitted to what the network sees.

use std::cell::RefCell;

use zoo_data::{Loader, Split, SplitName};
use zoo_training::{Line, Stop, fine_tune::Probe, progress::Show};

use super::{
    achieved::Achieved,
    board::{Doing, Point},
    desk::{Desk, Told},
};
use crate::{Error, evaluation::evaluate, job::Parts};

impl Desk {
    /// Fits a head when it is told to, until the last handle of the workshop is gone.
    pub fn probe(&self) {
        let mut achieved = Achieved::new();
        self.board.shown().doing = Doing::Paused;
        while let Ok(told) = self.told.recv() {
            match told {
                Told::Play | Told::Step if achieved.best.is_none() => {
                    self.board.shown().doing = Doing::Training;
                    if let Err(error) = self.fit(&mut achieved) {
                        return self.fail(error.to_string());
                    }
                }
                Told::Reset => {
                    self.begin_life();
                    achieved = Achieved::new();
                }
                Told::Errand(errand) => errand(&self.parts, &achieved),
                // It has no steps to go on with, and its controls are refused before.
                Told::Play | Told::Step | Told::Pause | Told::Take(_) => {}
            }
        }
    }

    fn fit(&self, achieved: &mut Achieved) -> Result<(), Error> {
        let Parts { config, data, settings, .. } = &self.parts;
        let _scope = config.train.precision.enter();
        let lines = RefCell::new(Vec::new());
        let heed = |line: &Line| {
            self.show_fit(line);
            lines.borrow_mut().push(line.clone());
        };
        let probe = Probe {
            loss: &settings.loss,
            train: &loader(&self.parts, &data.train),
            valid: &loader(&self.parts, &data.valid),
            run_dir: None,
            info: &self.parts.info(),
            show: Show::Nothing,
            stop: &Stop::default(),
            heed: &heed,
        };
        let (trained, glance) = probe.fit(self.parts.model.clone())?;
        achieved.probed(trained, glance, lines.into_inner());
        self.show_confusion(achieved)
    }

    /// Shows what a head has come to, as after an epoch.
    fn show_fit(&self, line: &Line) {
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let point = Point {
            step: line.step,
            loss: number(line.loss),
            accuracy: number(line.accuracy),
            rate: None,
        };
        let mut shown = self.board.shown();
        (shown.step, shown.epochs) = (line.step, line.epoch);
        match line.split {
            SplitName::Train => shown.train.push(point),
            _ => shown.valid.push(point),
        }
    }

    fn show_confusion(&self, achieved: &Achieved) -> Result<(), Error> {
        let (data, bar) = (&self.parts.data, Show::Nothing.bar("", 0));
        let mut confusion = vec![vec![0; data.classes.len()]; data.classes.len()];
        if let Some(best) = &achieved.best {
            let valid = loader(&self.parts, &data.valid);
            for image in evaluate(&|images| best.logits(images), &valid, &bar)?.scored {
                confusion[image.label][image.prediction] += 1;
            }
        }
        let mut shown = self.board.shown();
        (shown.confusion, shown.doing) = (confusion, Doing::Finished);
        Ok(())
    }
}

/// The images of a split as they are.
pub fn loader(parts: &Parts, split: &Split) -> Loader {
    Loader::new(split, &parts.data.preprocess, &parts.config.loader, &parts.device)
}
