//! The threads on which a network computes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use burn::{
    backend::DispatchDevice,
    tensor::{Tensor, TensorData},
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};
use zoo_data::Prepared;
use zoo_kernels::Precision;
use zoo_model::{Predictor, Scores};

use super::{Errand, Input, Look, Pace, Said};
use crate::{Error, serve::metrics::NetworkMetrics};

/// Threads of a network's own. One batch is computed by all of them. Where many images wait, two are
/// computed side by side, by half of them each: that is faster than to share out every layer of both.
pub(super) struct Crew {
    post: Arc<Post>,
    whole: Lane,
    halves: Vec<Lane>,
    finished: UnboundedReceiver<Finished>,
}

/// Threads that compute one thing at a time.
struct Lane {
    pool: ThreadPool,
    work: Option<Work>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Look,
    Errand,
}

/// What every lane knows.
struct Post {
    predictor: Predictor,
    precision: Precision,
    metrics: NetworkMetrics,
    pace: Arc<Pace>,
    finished: UnboundedSender<Finished>,
}

/// What a lane has done. It is handed on within the runtime: each answer that the lane itself sent would
/// wake one of the runtime's threads.
struct Finished {
    lane: usize,
    said: Vec<(oneshot::Sender<Said>, Said)>,
}

impl Crew {
    /// Threads for a network, which compute in the precision of this one.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system gives no threads.
    pub(super) fn new(
        predictor: Predictor,
        name: &str,
        metrics: NetworkMetrics,
        pace: Arc<Pace>,
    ) -> Result<Self, Error> {
        let all = rayon::current_num_threads();
        let (threads, halves) = match predictor.device.as_dispatch() {
            DispatchDevice::Flex(_) if all > 1 => (all, 2),
            DispatchDevice::Flex(_) => (all, 0),
            #[cfg(feature = "ndarray")]
            DispatchDevice::NdArray(_) => (all, 0),
            // A GPU takes its work from one thread.
            _ => (1, 0),
        };
        let lane = |threads: usize| {
            let name = format!("zoo-{name}");
            let pool = ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.thread_name(move |_| name.clone()).build().map_err(|error| {
                Error::Failed(format!("cannot start the threads of a network: {error}"))
            })?;
            Ok(Lane { pool, work: None })
        };
        let halves: Vec<Lane> =
            (0..halves).map(|_| lane(threads.div_ceil(2))).collect::<Result<_, Error>>()?;
        let (sender, finished) = unbounded_channel();
        let precision = Precision::current();
        let post = Post { predictor, precision, metrics, pace, finished: sender };
        Ok(Self { post: Arc::new(post), whole: lane(threads)?, halves, finished })
    }

    /// Whether nothing is done.
    pub(super) fn is_idle(&self) -> bool {
        self.at_work() == 0
    }

    /// Whether a batch is computed.
    pub(super) fn is_looking(&self) -> bool {
        self.lanes().any(|lane| lane.work == Some(Work::Look))
    }

    /// Into how many batches the images of a full one are shared out: beside one that is computed, into two,
    /// so that neither of two threads waits for the other's images.
    pub(super) fn shares(&self) -> usize {
        if self.is_looking() && !self.halves.is_empty() { 2 } else { 1 }
    }

    /// Whether something can be done now.
    pub(super) fn has_room(&self) -> bool {
        self.is_idle() || (self.at_work() == 1 && !self.halves.is_empty())
    }

    fn at_work(&self) -> usize {
        self.lanes().filter(|lane| lane.work.is_some()).count()
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.halves.iter().chain([&self.whole])
    }

    /// Has images looked at; there must be room.
    pub(super) fn look(&mut self, batch: Vec<Look>) {
        self.start(Work::Look, move |post| post.look(batch));
    }

    /// Has something else done; there must be room.
    pub(super) fn run(&mut self, errand: Errand) {
        self.start(Work::Errand, move |post| {
            // What panics drops its reply, which is an answer.
            let _ = catch_unwind(AssertUnwindSafe(|| errand(&post.predictor)));
            Vec::new()
        });
    }

    fn start(
        &mut self,
        work: Work,
        task: impl FnOnce(&Post) -> Vec<(oneshot::Sender<Said>, Said)> + Send + 'static,
    ) {
        let place = match self.is_idle() {
            true => self.halves.len(),
            false => self.halves.iter().position(|half| half.work.is_none()).unwrap_or_default(),
        };
        let lane = self.halves.get_mut(place).unwrap_or(&mut self.whole);
        lane.work = Some(work);
        let post = self.post.clone();
        lane.pool.spawn(move || {
            let _scope = post.precision.enter();
            let said = task(&post);
            let _ = post.finished.send(Finished { lane: place, said });
        });
    }

    /// Waits until a lane has done its work, and hands on what the network has said.
    pub(super) async fn finish_one(&mut self) {
        // Never closed: the post has a sender, too.
        if let Some(Finished { lane, said }) = self.finished.recv().await {
            self.halves.get_mut(lane).unwrap_or(&mut self.whole).work = None;
            for (reply, said) in said {
                // Who has gone meanwhile needs no answer.
                let _ = reply.send(said);
            }
        }
    }
}

impl Post {
    fn look(&self, batch: Vec<Look>) -> Vec<(oneshot::Sender<Said>, Said)> {
        let started = Instant::now();
        let (mut inputs, mut replies) = (Vec::new(), Vec::new());
        for Look { input, reply, since } in batch {
            self.metrics.note_wait(started - since);
            inputs.push(input);
            replies.push(reply);
        }
        let said = catch_unwind(AssertUnwindSafe(|| scores(&self.predictor, inputs)));
        let time = started.elapsed();
        self.metrics.note_batch(replies.len(), time);
        self.pace.note(replies.len(), time.as_secs_f64());
        let said: Vec<Said> = match said {
            Ok(Ok(scores)) => scores.into_iter().map(Ok).collect(),
            Ok(Err(error)) => vec![Err(error.to_string()); replies.len()],
            Err(_) => vec![Err(String::from("the network failed")); replies.len()],
        };
        replies.into_iter().zip(said).collect()
    }
}

/// What the network says of inputs of one kind.
fn scores(predictor: &Predictor, inputs: Vec<Input>) -> Result<Vec<Scores>, zoo_model::Error> {
    let images = inputs.len();
    let (mut prepared, mut values): (Vec<Prepared>, Vec<f32>) = (Vec::new(), Vec::new());
    for input in inputs {
        match input {
            Input::Prepared(image) => prepared.push(image),
            Input::Values(image) => values.extend(image),
        }
    }
    if values.is_empty() {
        return predictor.predict_prepared(&prepared);
    }
    let preprocess = &predictor.info.preprocess;
    let side = preprocess.image_size;
    let data = TensorData::new(values, [images, preprocess.channels(), side, side]);
    predictor.scores(Tensor::from_data(data, &predictor.device))
}
