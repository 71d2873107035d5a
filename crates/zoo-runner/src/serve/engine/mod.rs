//! A network at work.
//!
//! Requests wait in a bounded queue for a place in a batch. A place is taken before an image is decoded,
//! so that the server does no work for requests that it must refuse. `gather` makes batches of what waits,
//! `crew` computes them.

mod crew;
mod gather;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{
    mpsc::{self, OwnedPermit, error::TrySendError},
    oneshot,
};
use zoo_data::Prepared;
use zoo_model::{Predictor, Scores};

use self::{crew::Crew, gather::Gatherer};
use super::{metrics::NetworkMetrics, refused::Refused};
use crate::Error;

/// How images are gathered into batches.
#[derive(Clone, Copy, Debug)]
pub struct Batching {
    /// The most images of a batch.
    pub max_batch: usize,
    /// How long the first image of a batch waits for others.
    pub wait: Duration,
    /// The most images that wait or are being decoded; beyond them requests are refused.
    pub queue: usize,
}

/// An image as the network takes it.
pub enum Input {
    /// By the network's own preprocessing.
    Prepared(Prepared),
    /// Normalised already, stored CHW.
    Values(Vec<f32>),
}

/// What the network says of an image, or why it says nothing.
pub type Said = Result<Scores, String>;

/// What a network is asked to do.
enum Job {
    Look(Look),
    Errand(Errand),
}

/// An image to be looked at.
struct Look {
    input: Input,
    reply: oneshot::Sender<Said>,
    since: Instant,
}

/// Anything else that needs the network.
type Errand = Box<dyn FnOnce(&Predictor) + Send>;

/// A network at work, until the last handle is gone.
#[derive(Clone)]
pub struct Engine {
    jobs: mpsc::Sender<Job>,
    pace: Arc<Pace>,
}

/// Room in the queue for one image.
pub struct Place(OwnedPermit<Job>);

impl Engine {
    /// Has a network work in the precision of this thread; must be called within the runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system gives no threads.
    pub fn start(
        predictor: Predictor,
        name: &str,
        batching: Batching,
        metrics: NetworkMetrics,
    ) -> Result<Self, Error> {
        let (sender, jobs) = mpsc::channel(batching.queue);
        let pace = Arc::new(Pace::default());
        let crew = Crew::new(predictor, name, metrics, pace.clone())?;
        tokio::spawn(Gatherer { jobs, put_back: None, batching, crew }.work());
        Ok(Self { jobs: sender, pace })
    }

    /// Room for an image, where there is some at once.
    ///
    /// # Errors
    ///
    /// 503 with the time that the queue takes.
    pub fn try_place(&self) -> Result<Place, Refused> {
        match self.jobs.clone().try_reserve_owned() {
            Ok(permit) => Ok(Place(permit)),
            Err(TrySendError::Full(_)) => {
                let queue = self.jobs.max_capacity();
                let message = format!("the queue is full: {queue} images wait for this network");
                Err(Refused::busy(message, self.pace.seconds_of(queue)))
            }
            Err(TrySendError::Closed(_)) => Err(gone()),
        }
    }

    /// Room for an image, as soon as there is some.
    ///
    /// # Errors
    ///
    /// 500 if the network has ended.
    pub async fn place(&self) -> Result<Place, Refused> {
        self.jobs.clone().reserve_owned().await.map(Place).map_err(|_| gone())
    }

    /// Images that wait or are being decoded.
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }
}

impl Place {
    /// Has the network look at an image.
    ///
    /// # Errors
    ///
    /// 500 if the device gives up.
    pub async fn look(self, input: Input) -> Result<Scores, Refused> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Job::Look(Look { input, reply, since: Instant::now() }));
        answer.await.map_err(|_| gone())?.map_err(Refused::failed)
    }

    /// Has the network do something else.
    ///
    /// # Errors
    ///
    /// 500 if it panics.
    pub async fn run<T: Send + 'static>(
        self,
        errand: impl FnOnce(&Predictor) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let errand = move |predictor: &Predictor| {
            // Who has gone meanwhile is not waited for.
            if !reply.is_closed() {
                let _ = reply.send(errand(predictor));
            }
        };
        self.0.send(Job::Errand(Box::new(errand)));
        answer.await.map_err(|_| gone())
    }
}

fn gone() -> Refused {
    Refused::failed("the network gave no answer")
}

/// Seconds that an image takes, lately.
#[derive(Default)]
struct Pace(AtomicU64);

impl Pace {
    /// Takes in a batch.
    fn note(&self, images: usize, seconds: f64) {
        let latest = seconds / images as f64;
        let before = f64::from_bits(self.0.load(Ordering::Relaxed));
        let mean = if before > 0.0 { 0.9 * before + 0.1 * latest } else { latest };
        self.0.store(mean.to_bits(), Ordering::Relaxed);
    }

    /// Whole seconds that so many images take, at least 1.
    fn seconds_of(&self, images: usize) -> u64 {
        let seconds = f64::from_bits(self.0.load(Ordering::Relaxed)) * images as f64;
        seconds.ceil().clamp(1.0, 3600.0) as u64
    }
}

#[cfg(test)]
mod tests;
