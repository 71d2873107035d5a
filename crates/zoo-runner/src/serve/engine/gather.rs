//! Decides which images are computed together, and when.

use std::{pin::pin, time::Instant};

use tokio::{
    select,
    sync::mpsc::{Receiver, error::TryRecvError},
    time::sleep_until,
};

use super::{Batching, Input, Job, Look, crew::Crew};

/// Puts what is asked for into batches, and has them computed.
pub(super) struct Gatherer {
    pub(super) jobs: Receiver<Job>,
    /// A job that could not go with the batch before it.
    pub(super) put_back: Option<Job>,
    pub(super) batching: Batching,
    pub(super) crew: Crew,
}

impl Gatherer {
    /// Works until nobody can ask any more.
    pub(super) async fn work(mut self) {
        while let Some(job) = self.next().await {
            match job {
                Job::Look(first) => {
                    let mut batch = self.gather(first).await;
                    // Who has gone meanwhile is not waited for.
                    batch.retain(|look| !look.reply.is_closed());
                    if !batch.is_empty() {
                        self.crew.look(batch);
                    }
                }
                Job::Errand(errand) => {
                    while !self.crew.has_room() {
                        self.crew.finish_one().await;
                    }
                    self.crew.run(errand);
                }
            }
        }
        while !self.crew.is_idle() {
            self.crew.finish_one().await;
        }
    }

    async fn next(&mut self) -> Option<Job> {
        if let Some(job) = self.put_back.take() {
            return Some(job);
        }
        loop {
            select! {
                job = self.jobs.recv() => return job,
                () = self.crew.finish_one() => {}
            }
        }
    }

    /// The images that are looked at together with `first`. While a batch is computed, the next one fills:
    /// it is computed beside that one as soon as it is half full, and otherwise after it.
    async fn gather(&mut self, first: Look) -> Vec<Look> {
        let until = Instant::now() + self.batching.wait;
        let mut timer = pin!(sleep_until(until.into()));
        let mut batch = vec![first];
        loop {
            let is_closed = self.fill(&mut batch);
            let is_time = match self.crew.is_looking() {
                // Fewer per batch cost less than threads that wait until it is full.
                true => 2 * batch.len() >= self.most(),
                false => Instant::now() >= until,
            } || is_closed;
            if is_time && self.crew.has_room() {
                return batch;
            }
            select! {
                job = self.jobs.recv(), if !is_closed => match job {
                    Some(job) => self.add(job, &mut batch),
                    None => return batch,
                },
                () = self.crew.finish_one() => {}
                () = &mut timer, if !is_time && !self.crew.is_looking() => {}
            }
        }
    }

    /// Adds what waits already. Returns whether no more can go with the batch.
    fn fill(&mut self, batch: &mut Vec<Look>) -> bool {
        while self.put_back.is_none() && batch.len() < self.most() {
            match self.jobs.try_recv() {
                Ok(job) => self.add(job, batch),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
        true
    }

    /// The most images of the next batch.
    fn most(&self) -> usize {
        self.batching.max_batch.div_ceil(self.crew.shares())
    }

    fn add(&mut self, job: Job, batch: &mut Vec<Look>) {
        match job {
            // A network takes bytes or values, not both at once.
            Job::Look(look) if is_like(&look.input, &batch[0].input) => batch.push(look),
            other => self.put_back = Some(other),
        }
    }
}

fn is_like(a: &Input, b: &Input) -> bool {
    matches!(a, Input::Prepared(_)) == matches!(b, Input::Prepared(_))
}
