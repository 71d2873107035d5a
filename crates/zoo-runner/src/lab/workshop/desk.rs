//! The thread on which a network is trained: it heeds commands between two steps.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use serde::Serialize;
use tempfile::TempDir;
use zoo_model::{AnyModel, Classifier, on_model};
use zoo_training::{
    Checkpoint, CheckpointConfig, Checkpoints, Identity, Measured, fine_tune::Method,
};

use super::{
    achieved::Achieved,
    board::{Board, Doing, Facts, Point, Shown},
    controls::{Controls, augmentation},
    student::{At, Student},
};
use crate::{Error, job::Parts};

/// How often feature maps are made anew while steps are taken: a look at one image each time.
const MAPS: Duration = Duration::from_millis(500);
/// How long the thread waits for a command before it looks around.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is done between two steps with the training and what it has come to.
type Errand = Box<dyn FnOnce(&Parts, &Achieved) + Send>;

/// What a workshop is told.
pub enum Told {
    /// Take steps until all epochs are done.
    Play,
    /// Take none until told.
    Pause,
    /// Take one.
    Step,
    /// Begin anew, with the controls as they are.
    Reset,
    /// Go on with other controls.
    Take(Controls),
    /// Do something else with what the training is made of, and what it has come to.
    Errand(Errand),
}

/// The thread's side of a workshop.
pub struct Desk {
    pub parts: Parts,
    pub board: Arc<Board>,
    pub told: mpsc::Receiver<Told>,
}

/// Why a student leaves the desk.
enum Leave {
    /// Another begins anew.
    Reset,
    /// The same network goes on with another dropout.
    Dropout(Box<Checkpoint>, At),
    /// Nobody tells it anything any more.
    Over,
}

impl Desk {
    /// Trains until the last handle of the workshop is gone.
    pub fn work(self) {
        let mut controls = Controls::of(&self.parts);
        if self.parts.config.fine_tune.method == Method::LinearProbe {
            self.open(controls);
            return self.probe();
        }
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => return self.fail(format!("no folder for checkpoints: {error}")),
        };
        self.open(controls);
        let mut from: Option<(Box<Checkpoint>, At)> = None;
        let mut achieved = Achieved::new();
        loop {
            let model = self.model(controls);
            let course = (&mut controls, &mut achieved);
            let left = on_model!(model, model => self.teach(model, course, from.take(), &folder));
            match left {
                Ok(Leave::Reset) => {
                    self.begin_life();
                    achieved = Achieved::new();
                }
                Ok(Leave::Dropout(checkpoint, at)) => from = Some((checkpoint, at)),
                Ok(Leave::Over) => return,
                Err(error) => return self.fail(error.to_string()),
            }
        }
    }

    /// Shows what is known before there is a network, whose first sight ends the opening.
    fn open(&self, controls: Controls) {
        let data = &self.parts.data;
        let mut shown = self.board.shown();
        shown.facts = Facts {
            data: data.name.to_string(),
            classes: data.classes.clone(),
            model: self.parts.config.model.name().to_string(),
            optimizer: name_of(&self.parts.config.optimizer),
            accumulate: self.parts.settings.train.accumulate,
            train_images: data.train.len(),
            valid_images: data.valid.len(),
            is_probe: self.parts.config.fine_tune.method == Method::LinearProbe,
            augment: augmentation(&self.parts.config),
            first: Some(controls),
        };
    }

    /// Shows why it does not go on.
    pub fn fail(&self, reason: String) {
        let mut shown = self.board.shown();
        (shown.doing, shown.reason) = (Doing::Failed, Some(reason));
    }

    /// A network as `zoo train` begins with, but for dropout.
    fn model(&self, controls: Controls) -> AnyModel {
        let Parts { config, device, model, .. } = &self.parts;
        let settings = controls.model(&config.model);
        match settings == config.model {
            true => model.clone(),
            false => settings.init(config.seed, device),
        }
    }

    /// Forgets what has been shown, for another that begins anew.
    pub fn begin_life(&self) {
        let mut shown = self.board.shown();
        let Shown { facts, life, layers, .. } = std::mem::take(&mut *shown);
        *shown = Shown { facts, layers, life: life + 1, doing: Doing::Paused, ..Shown::default() };
    }

    /// Has a student take steps and heed what it is told, until another must take its place.
    fn teach<M: Classifier + Into<AnyModel>>(
        &self,
        model: M,
        (controls, achieved): (&mut Controls, &mut Achieved),
        from: Option<(Box<Checkpoint>, At)>,
        folder: &TempDir,
    ) -> Result<Leave, Error> {
        let mut is_playing = from.is_some() && self.board.shown().doing == Doing::Training;
        let from = from.as_ref().map(|(checkpoint, at)| (&**checkpoint, *at));
        let mut student = Student::new(model, &self.parts, *controls, from)?;
        let mut mapped = Instant::now();
        self.show(&student, *controls, is_playing);
        self.show_maps(&student);
        loop {
            let patience = if is_playing { Duration::ZERO } else { PATIENCE };
            let told = self.told.recv_timeout(patience);
            let mut is_asked = false;
            match told {
                Ok(Told::Play) => is_playing = true,
                Ok(Told::Pause) => is_playing = false,
                Ok(Told::Step) => is_asked = true,
                Ok(Told::Reset) => return Ok(Leave::Reset),
                Ok(Told::Take(other)) => {
                    let is_rebuilt = other.dropout != controls.dropout;
                    achieved.is_steered |= other != *controls;
                    *controls = other;
                    match is_rebuilt {
                        true => return self.leave(&student, folder.path()),
                        false => student.take(other),
                    }
                }
                Ok(Told::Errand(errand)) => errand(&self.parts, achieved),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(Leave::Over),
            }
            is_playing &= !student.is_over() && !self.board.is_forgotten() && !self.has_run_away();
            if is_playing || is_asked && !student.is_over() && !self.has_run_away() {
                self.step(&mut student, achieved)?;
            }
            self.show(&student, *controls, is_playing);
            if !is_playing && self.wants_other_maps(student.at.step)
                || mapped.elapsed() > MAPS && is_playing
            {
                self.show_maps(&student);
                mapped = Instant::now();
            }
        }
    }

    /// Writes a checkpoint from which the same network goes on with other settings.
    fn leave<M: Classifier>(&self, student: &Student<M>, folder: &Path) -> Result<Leave, Error> {
        let identity = Identity::new(&self.parts.config.model, String::new());
        let config = CheckpointConfig::default();
        let checkpoints = Checkpoints::open(folder.join("checkpoints"), identity, config)?;
        student.save(&checkpoints)?;
        let latest = checkpoints.latest()?;
        let latest = latest.ok_or_else(|| Error::Failed(String::from("the checkpoint is gone")))?;
        Ok(Leave::Dropout(Box::new(latest), student.at))
    }

    fn has_run_away(&self) -> bool {
        self.board.shown().doing == Doing::RunAway
    }

    fn step<M: Classifier + Into<AnyModel>>(
        &self,
        student: &mut Student<M>,
        achieved: &mut Achieved,
    ) -> Result<(), Error> {
        let stepped = match student.step() {
            Ok(stepped) => stepped,
            Err(error) => {
                let mut shown = self.board.shown();
                (shown.doing, shown.reason) = (Doing::RunAway, Some(error.to_string()));
                return Ok(());
            }
        };
        achieved.stepped(&stepped, student.at, self.parts.settings.train.log_every);
        let point = |measured: Measured, rate| Point {
            step: student.at.step,
            loss: measured.loss(),
            accuracy: measured.accuracy(),
            rate,
        };
        {
            let mut shown = self.board.shown();
            shown.train.push(point(stepped.measured, Some(stepped.rate)));
        }
        if stepped.ends_epoch {
            let kept = student.kept();
            let valid = student.validate(&kept)?;
            let last = student.last().into();
            achieved.validated(valid.measured, student.at.epochs, kept.into(), last);
            let mut shown = self.board.shown();
            shown.valid.push(point(valid.measured, None));
            shown.confusion = valid.confusion;
        }
        Ok(())
    }

    fn show<M: Classifier>(&self, student: &Student<M>, controls: Controls, is_playing: bool) {
        let mut shown = self.board.shown();
        shown.controls = Some(controls);
        shown.step = student.at.step;
        shown.epochs = student.at.epochs;
        shown.steps_per_epoch = student.steps_per_epoch();
        shown.rate = student.rate();
        if shown.doing != Doing::RunAway {
            shown.doing = match (student.is_over(), is_playing) {
                (true, _) => Doing::Finished,
                (false, true) => Doing::Training,
                (false, false) => Doing::Paused,
            };
        }
    }
}

/// The name of a choice in a config.
pub fn name_of(choice: &impl Serialize) -> String {
    let value = serde_json::to_value(choice).unwrap_or_default();
    let name = value.as_object().and_then(|choice| choice.keys().next().cloned());
    name.unwrap_or_default()
}
