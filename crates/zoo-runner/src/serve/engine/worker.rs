//! Gathers images into batches and computes them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use burn::tensor::{Tensor, TensorData};
use tokio::{
    runtime::Handle,
    sync::mpsc::{Receiver, error::TryRecvError},
    time::{error::Elapsed, timeout_at},
};
use zoo_data::Prepared;
use zoo_model::{Error, Predictor, Scores};

use super::{Batching, Input, Job, Look, Pace, Said};
use crate::serve::metrics::NetworkMetrics;

/// What the thread holds.
pub(super) struct Worker {
    pub(super) predictor: Predictor,
    pub(super) jobs: Receiver<Job>,
    /// A job that did not go with the batch before it.
    pub(super) put_back: Option<Job>,
    pub(super) batching: Batching,
    pub(super) runtime: Handle,
    pub(super) metrics: NetworkMetrics,
    pub(super) pace: Arc<Pace>,
}

impl Worker {
    /// Works until nobody can ask any more.
    pub(super) fn work(mut self) {
        while let Some(job) = self.put_back.take().or_else(|| self.jobs.blocking_recv()) {
            match job {
                Job::Look(first) => {
                    let batch = self.gather(first);
                    self.look(batch);
                }
                // What panics drops its reply, which is an answer.
                Job::Errand(errand) => {
                    let _ = catch_unwind(AssertUnwindSafe(|| errand(&self.predictor)));
                }
            }
        }
    }

    /// The images that are looked at together with `first`.
    fn gather(&mut self, first: Look) -> Vec<Look> {
        let until = Instant::now() + self.batching.wait;
        let mut batch = vec![first];
        while batch.len() < self.batching.max_batch {
            match self.next(until) {
                // A network takes bytes or values, not both at once.
                Some(Job::Look(look)) if is_like(&look.input, &batch[0].input) => batch.push(look),
                Some(other) => {
                    self.put_back = Some(other);
                    break;
                }
                None => break,
            }
        }
        // Who has gone meanwhile is not waited for.
        batch.retain(|look| !look.reply.is_closed());
        batch
    }

    fn next(&mut self, until: Instant) -> Option<Job> {
        match self.jobs.try_recv() {
            Ok(job) => Some(job),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) if Instant::now() >= until => None,
            Err(TryRecvError::Empty) => {
                let received = self.runtime.block_on(async {
                    let received: Result<_, Elapsed> =
                        timeout_at(until.into(), self.jobs.recv()).await;
                    received
                });
                received.ok().flatten()
            }
        }
    }

    fn look(&self, batch: Vec<Look>) {
        if batch.is_empty() {
            return;
        }
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
        for (reply, said) in replies.into_iter().zip(said) {
            // Who has gone meanwhile needs no answer.
            let _ = reply.send(said);
        }
    }
}

fn is_like(a: &Input, b: &Input) -> bool {
    matches!(a, Input::Prepared(_)) == matches!(b, Input::Prepared(_))
}

/// What the network says of inputs of one kind.
fn scores(predictor: &Predictor, inputs: Vec<Input>) -> Result<Vec<Scores>, Error> {
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
