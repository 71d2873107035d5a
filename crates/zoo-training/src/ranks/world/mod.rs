//! Ranks that MPI connects.
//!
//! All that they tell each other goes through the first rank: each sends it a message, and gets the
//! messages of all. Every message may instead say that its rank has failed, so no rank waits for one
//! that will not come. Only gradients and other bulk take the direct way, right after such an exchange
//! and with nothing between that could fail.
//!
//! A thread of its own (`line`) speaks MPI, so gradients travel while those of the next batch are computed.

mod line;
mod machine;
mod wire;

use std::{cell::Cell, time::Instant};

use serde::{Serialize, de::DeserializeOwned};

use self::{line::Line, machine::Machine};
pub(super) use self::{line::Pending, wire::Wire};
use super::{Exchanged, Failure, Launched};
use crate::Error;

/// All ranks of a job, as one of them sees them.
pub struct World {
    line: Line,
    count: usize,
    rank: usize,
    machines: Vec<Machine>,
    /// True once a failure is known to all: nothing is exchanged any more.
    has_failed: Cell<bool>,
    /// Seconds in which this rank waited for others, and for numbers on their way.
    waited: Cell<(f64, f64)>,
}

/// What a rank sends: something, or why it cannot go on.
type Message = Result<Vec<u8>, Failure>;

impl World {
    /// Connects to the other processes.
    pub(super) fn join(launched: Launched) -> Result<Self, Error> {
        let line = Line::open(launched)?;
        let (count, rank) = line.ask(|wire| (wire.count(), wire.rank())).wait();
        if count != launched.count {
            return Err(launched.refuse(&format!(
                "MPI connects {count} of them: start them with the launcher of the MPI library that zoo was \
                 built with, under Slurm with `srun --mpi=pmix`"
            )));
        }
        let mut world = Self {
            line,
            count,
            rank,
            machines: Vec::new(),
            has_failed: Cell::new(false),
            waited: Cell::default(),
        };
        world.machines = world.all(&Machine::this())?;
        let hosts = world.hosts();
        world.line.ask(move |wire| wire.name(hosts)).wait();
        Ok(world)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    pub(super) fn local_rank(&self) -> usize {
        machine::local_rank(&self.machines, self.rank())
    }

    pub(super) fn threads(&self) -> Option<usize> {
        machine::threads(&self.machines, self.rank())
    }

    pub(super) fn processors(&self) -> usize {
        machine::processors(&self.machines, self.rank())
    }

    pub(super) fn hosts(&self) -> Vec<String> {
        self.machines.iter().map(|machine| machine.host.clone()).collect()
    }

    pub(super) fn exchanged(&self) -> Exchanged {
        let (waited_seconds, seconds) = self.waited.get();
        Exchanged { waited_seconds, seconds, bytes: self.line.ask(Wire::sent).wait() }
    }

    /// Sets something on the direct way, after all that is on it already.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        task: impl FnOnce(&Wire) -> T + Send + 'static,
    ) -> Pending<T> {
        self.line.ask(task)
    }

    /// What has come of it.
    pub(super) fn end<T>(&self, pending: Pending<T>) -> T {
        let started = Instant::now();
        let arrived = pending.wait();
        let (waited, seconds) = self.waited.get();
        self.waited.set((waited, seconds + started.elapsed().as_secs_f64()));
        arrived
    }

    pub(super) fn all<T: Serialize + DeserializeOwned>(&self, own: &T) -> Result<Vec<T>, Error> {
        let messages = self.exchange(&Ok(encoded(own)))?;
        messages.iter().map(|message| decoded(message)).collect()
    }

    pub(super) fn bytes_of_first(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        let length = self.all(&own.len())?[0];
        let bytes = self.begin(move |wire| {
            if wire.rank() == 0 {
                let sends: Vec<_> = (1..wire.count()).map(|rank| (rank, &own[..])).collect();
                wire.transfer(&sends, Vec::new());
                return own;
            }
            let mut bytes = vec![0; length];
            wire.transfer(&[], vec![(0, &mut bytes[..])]);
            bytes
        });
        Ok(self.end(bytes))
    }

    pub(super) fn leave(
        &self,
        own: Result<(), Failure>,
        tell: impl FnOnce(&str),
    ) -> Result<(), Failure> {
        let outcome = match self.has_failed.get() {
            true => own,
            false => match self.exchange(&own.clone().map(|()| Vec::new())) {
                Err(Error::Elsewhere { message, code }) => own.and(Err(Failure { message, code })),
                _ => own,
            },
        };
        if let (0, Err(failure)) = (self.rank(), &outcome) {
            tell(&failure.message);
        }
        // A launcher kills what is left as soon as one process has failed: all wait for the first to
        // have written and said everything.
        self.gather(&Ok(Vec::new())).ok();
        outcome
    }

    /// What each rank says, unless one of them has failed.
    fn exchange(&self, own: &Message) -> Result<Vec<Vec<u8>>, Error> {
        let mut said = Vec::with_capacity(self.count());
        for (rank, message) in self.gather(own)?.into_iter().enumerate() {
            match message {
                Ok(message) => said.push(message),
                Err(Failure { message, code }) => {
                    self.has_failed.set(true);
                    let message = match rank {
                        0 => message,
                        _ => format!("{}: {message}", self.called(rank)),
                    };
                    return Err(Error::Elsewhere { message, code });
                }
            }
        }
        Ok(said)
    }

    /// The messages of all ranks.
    fn gather(&self, own: &Message) -> Result<Vec<Message>, Error> {
        let (own, started) = (encoded(own), Instant::now());
        let all = self.line.ask(move |wire| gather(wire, own)).wait();
        let (waited, seconds) = self.waited.get();
        self.waited.set((waited + started.elapsed().as_secs_f64(), seconds));
        all?.iter().map(|message| decoded(message)).collect()
    }

    /// What to call a rank.
    fn called(&self, rank: usize) -> String {
        self.line.ask(move |wire| wire.called(rank)).wait()
    }
}

/// What all ranks send to the first one, which sends it to all.
fn gather(wire: &Wire, own: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
    if wire.rank() > 0 {
        wire.send(&[0], &own);
        return decoded(&wire.receive(&[0]).swap_remove(0));
    }
    let others: Vec<usize> = (1..wire.count()).collect();
    let mut all = vec![own];
    all.extend(wire.receive(&others));
    wire.send(&others, &encoded(&all));
    Ok(all)
}

/// CBOR keeps every bit of a number.
fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a message can be written to memory");
    bytes
}

/// Ranks of different builds may differ in what they say, before they have compared their builds.
fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    ciborium::from_reader(bytes).map_err(|error| Error::Config {
        origin: String::from("ranks"),
        message: format!(
            "one cannot read what another says ({error}): start the same zoo everywhere"
        ),
    })
}
