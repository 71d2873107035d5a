//! Networks that are trained step by step while a lesson watches and steers them.
//!
//! A [`Workshop`] has a thread of its own (`desk`), on which a `student` takes the steps that `zoo train` would
//! take. What is to be seen of it stands on a `board`; what it is told waits in a queue. Each visit of a lesson
//! has a workshop of its own, so that two browsers do not disturb each other.

mod achieved;
mod board;
mod controls;
mod desk;
mod maps;
mod probing;
mod student;

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    thread,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use zoo_data::{DataConfig, DataError, Dataset, Loader};
use zoo_training::{FineTuneConfig, Ranks, progress::Show};

pub use self::{
    achieved::Achieved,
    board::{Doing, Shown},
    controls::Controls,
    desk::{Told, name_of},
    probing::loader,
};
use self::{board::Board, desk::Desk, student::train_loader};
use super::Answer;
use crate::{
    Error,
    config::RunConfig,
    job::{Job, Parts},
    serve::refused::Refused,
};

/// Workshops that are kept; of more, the one that was not looked at for longest is closed.
const KEPT: usize = 8;

/// A network in training. Its thread ends with the last handle.
pub struct Workshop {
    told: mpsc::Sender<Told>,
    /// What is to be seen.
    pub board: Arc<Board>,
}

/// All of them, by the visit that they are for.
#[derive(Default)]
pub struct Workshops(Mutex<VecDeque<Kept>>);

struct Kept {
    visit: String,
    network: String,
    workshop: Arc<Workshop>,
}

impl Workshop {
    /// Opens the data of a config and begins to train its network anew, as soon as it is told to.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system gives no thread.
    pub fn open(config: RunConfig) -> Result<Self, Error> {
        Self::open_with(config, |_| Ok(()))
    }

    /// The same, with a change of what the training is made of; where that fails, the board says why.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system gives no thread.
    pub fn open_with(
        config: RunConfig,
        change: impl FnOnce(&mut Parts) -> Result<(), Error> + Send + 'static,
    ) -> Result<Self, Error> {
        Self::open_on(config, DataConfig::open, change)
    }

    /// The same on images that `open` gives, which may be in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system gives no thread.
    pub fn open_on(
        config: RunConfig,
        open: impl FnOnce(&DataConfig) -> Result<Dataset, DataError> + Send + 'static,
        change: impl FnOnce(&mut Parts) -> Result<(), Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (told, heard) = mpsc::channel();
        let board = Arc::new(Board::default());
        let shown = board.clone();
        let prepare = move || {
            let job = Job::prepare_on(config, None, Show::Nothing, &Ranks::Alone, open)?;
            let mut parts = job.into_parts();
            change(&mut parts)?;
            Ok::<_, Error>(parts)
        };
        let work = move || match prepare() {
            Ok(parts) => Desk { parts, board: shown, told: heard }.work(),
            Err(error) => {
                let mut shown = shown.shown();
                (shown.doing, shown.reason) = (Doing::Failed, Some(error.to_string()));
            }
        };
        thread::Builder::new()
            .name(String::from("zoo-workshop"))
            .spawn(work)
            .map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))?;
        Ok(Self { told, board })
    }

    /// Has its thread do something with what the training is made of.
    ///
    /// # Errors
    ///
    /// 422 if the network cannot be trained, with the reason, or what the errand fails with.
    pub async fn errand<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Parts) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        self.errand_with(move |parts, _| work(parts)).await
    }

    /// The same with what the training has come to.
    ///
    /// # Errors
    ///
    /// Those of [`errand`](Self::errand).
    pub async fn errand_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Parts, &Achieved) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let errand = move |parts: &Parts, achieved: &Achieved| {
            drop(reply.send(work(parts, achieved)));
        };
        self.tell(Told::Errand(Box::new(errand)))?;
        let unusable = || {
            let reason = self.board.shown().reason.clone();
            Refused::unusable(
                reason.unwrap_or_else(|| String::from("this training has come to an end")),
            )
        };
        let answer = answer.await.map_err(|_| unusable())?;
        answer.map_err(Refused::unusable)
    }

    /// Tells it something.
    ///
    /// # Errors
    ///
    /// 409 if it cannot be trained, with the reason, or 400 for controls that are out of range.
    pub fn tell(&self, told: Told) -> Answer<()> {
        let shown = self.board.shown();
        if let Told::Take(controls) = &told {
            if shown.facts.is_probe {
                return Err(Refused::bad("a linear probe has no controls"));
            }
            controls.check(shown.facts.train_images.max(1)).map_err(Refused::bad)?;
        }
        let reason = shown.reason.clone().filter(|_| shown.doing == Doing::Failed);
        drop(shown);
        let sent = self.told.send(told);
        match (reason, sent) {
            (None, Ok(())) => Ok(()),
            (reason, _) => Err(Refused::unusable(
                reason.unwrap_or_else(|| String::from("this training has come to an end")),
            )),
        }
    }
}

impl Workshops {
    /// The workshop of a visit.
    ///
    /// # Errors
    ///
    /// 404 if there is none, as after the server was started again.
    pub fn get(&self, visit: &str) -> Answer<Arc<Workshop>> {
        let mut all = self.0.lock();
        let place = all.iter().position(|kept| kept.visit == visit);
        let found = place.and_then(|place| all.remove(place)).ok_or_else(|| {
            Refused::unknown("this training is not kept any more: open the lesson again")
        })?;
        let workshop = found.workshop.clone();
        all.push_front(found);
        Ok(workshop)
    }

    /// The workshop of a visit, if it is of this network.
    pub fn of(&self, visit: &str, network: &str) -> Option<Arc<Workshop>> {
        let all = self.0.lock();
        let found = all.iter().find(|kept| kept.visit == visit && kept.network == network);
        found.map(|kept| kept.workshop.clone())
    }

    /// Gives a visit a workshop, in place of the one that it had.
    pub fn put(&self, visit: String, network: String, workshop: Workshop) {
        let mut all = self.0.lock();
        all.retain(|kept| kept.visit != visit);
        all.push_front(Kept { visit, network, workshop: Arc::new(workshop) });
        all.truncate(KEPT);
    }
}

/// The training images, as `zoo train` gives them.
pub fn first_loader(parts: &Parts) -> Loader {
    train_loader(parts, &Controls::of(parts))
}

/// The same config, for a network that begins with nothing.
pub fn from_nothing(config: RunConfig) -> RunConfig {
    RunConfig { pretrained: None, fine_tune: FineTuneConfig::default(), ..config }
}
