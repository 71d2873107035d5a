//! Ranks that MPI connects.
//!
//! All that they tell each other goes through the first rank: each sends it a message, and gets the
//! messages of all. Every message may instead say that its rank has failed, so no rank waits for one
//! that will not come. Only gradients and other bulk take the direct way, right after such an exchange
//! and with nothing between that could fail.

mod machine;
mod wire;

use std::cell::Cell;

use mpi::Threading;
use serde::{Serialize, de::DeserializeOwned};

use self::{machine::Machine, wire::Wire};
use super::{Exchanged, Failure, Launched};
use crate::Error;

/// All ranks of a job, as one of them sees them.
pub struct World {
    wire: Wire,
    machines: Vec<Machine>,
    /// True once a failure is known to all: nothing is exchanged any more.
    has_failed: Cell<bool>,
}

/// What a rank sends: something, or why it cannot go on.
type Message = Result<Vec<u8>, Failure>;

impl World {
    /// Connects to the other processes.
    pub(super) fn join(launched: Launched) -> Result<Self, Error> {
        let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
            return Err(launched.refuse("MPI is in use already"));
        };
        let wire = Wire::new(universe)?;
        if wire.count() != launched.count {
            return Err(launched.refuse(&format!(
                "MPI connects {} of them: start them with the launcher of the MPI library that zoo was \
                 built with, under Slurm with `srun --mpi=pmix`",
                wire.count()
            )));
        }
        let mut world = Self { wire, machines: Vec::new(), has_failed: Cell::new(false) };
        world.machines = world.all(&Machine::this())?;
        world.wire.name(world.hosts());
        Ok(world)
    }

    pub(super) fn count(&self) -> usize {
        self.wire.count()
    }

    pub(super) fn rank(&self) -> usize {
        self.wire.rank()
    }

    pub(super) fn local_rank(&self) -> usize {
        machine::local_rank(&self.machines, self.rank())
    }

    pub(super) fn threads(&self) -> Option<usize> {
        machine::threads(&self.machines, self.rank())
    }

    pub(super) fn hosts(&self) -> Vec<String> {
        self.machines.iter().map(|machine| machine.host.clone()).collect()
    }

    pub(super) fn exchanged(&self) -> Exchanged {
        self.wire.exchanged()
    }

    /// The direct way.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn all<T: Serialize + DeserializeOwned>(&self, own: &T) -> Result<Vec<T>, Error> {
        let messages = self.exchange(&Ok(encoded(own)))?;
        messages.iter().map(|message| decoded(message)).collect()
    }

    pub(super) fn bytes_of_first(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        let length = self.all(&own.len())?[0];
        if self.rank() == 0 {
            let sends: Vec<_> = (1..self.count()).map(|rank| (rank, &own[..])).collect();
            self.wire.exchange(&sends, Vec::new());
            return Ok(own);
        }
        let mut bytes = vec![0; length];
        self.wire.exchange(&[], vec![(0, &mut bytes[..])]);
        Ok(bytes)
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
                        _ => format!("{}: {message}", self.wire.called(rank)),
                    };
                    return Err(Error::Elsewhere { message, code });
                }
            }
        }
        Ok(said)
    }

    /// The messages of all ranks.
    fn gather(&self, own: &Message) -> Result<Vec<Message>, Error> {
        let own = encoded(own);
        if self.rank() > 0 {
            self.wire.send(&[0], &own);
            let all = self.wire.receive(&[0]).swap_remove(0);
            let all: Vec<Vec<u8>> = decoded(&all)?;
            return all.iter().map(|message| decoded(message)).collect();
        }
        let others: Vec<usize> = (1..self.count()).collect();
        let mut all = vec![own];
        all.extend(self.wire.receive(&others));
        self.wire.send(&others, &encoded(&all));
        all.iter().map(|message| decoded(message)).collect()
    }
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
