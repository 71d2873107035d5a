//! The processes that train one network together.
//!
//! Every random draw belongs to the number of a batch, and gradients are added in the order of these
//! numbers, so the weights are the same bits however many processes share the batches of a step.
//! `docs/distributed.md` is for users.

mod launcher;
mod sum;
#[cfg(feature = "mpi")]
mod world;

use std::ops::Range;
#[cfg(feature = "mpi")]
use std::rc::Rc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::launcher::Launched;
pub(crate) use self::sum::{Given, Share};
#[cfg(feature = "mpi")]
use self::world::World;
use crate::Error;

/// The processes that train one network together, as one of them sees them.
///
/// A rank that fails tells the others in the next [`share`](Self::share) or [`all`](Self::all), which
/// then fail on every rank; whoever has joined must therefore [`leave`](Self::leave).
#[derive(Clone, Default)]
pub enum Ranks {
    /// This process trains by itself.
    #[default]
    Alone,
    /// It is one of several that MPI connects.
    #[cfg(feature = "mpi")]
    Together(Rc<World>),
}

/// What a rank does alone, and what it does together with others.
macro_rules! by_ranks {
    ($ranks:expr, $alone:expr, $world:ident => $together:expr) => {
        match $ranks {
            Self::Alone => $alone,
            #[cfg(feature = "mpi")]
            Self::Together($world) => $together,
        }
    };
}

/// What the exchange between ranks has cost one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exchanged {
    /// Seconds in which it waited for the others to get as far.
    pub waited_seconds: f64,
    /// Seconds in which gradients were on their way.
    pub seconds: f64,
    /// Bytes that it sent.
    pub bytes: u64,
}

/// Why a rank cannot go on, as it tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// As the user reads it.
    pub message: String,
    /// What the process ends with.
    pub code: u8,
}

impl Ranks {
    /// Those that this process was started with, by `mpirun` or the like; itself alone where it was
    /// started by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] where several were started that cannot find each other.
    pub fn join() -> Result<Self, Error> {
        Launched::find().map_or(Ok(Self::Alone), Self::connect)
    }

    #[cfg(feature = "mpi")]
    fn connect(launched: Launched) -> Result<Self, Error> {
        World::join(launched).map(|world| Self::Together(Rc::new(world)))
    }

    #[cfg(not(feature = "mpi"))]
    fn connect(launched: Launched) -> Result<Self, Error> {
        Err(launched.refuse(
            "this zoo is built without MPI, so each of them would do the whole work: build it with \
             --features mpi, or start one process",
        ))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        by_ranks!(self, 1, world => world.count())
    }

    /// The number of this one, from 0.
    pub fn rank(&self) -> usize {
        by_ranks!(self, 0, world => world.rank())
    }

    /// Whether this is the one that writes and shows.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Its number among those on the same machine.
    pub fn local_rank(&self) -> usize {
        by_ranks!(self, 0, world => world.local_rank())
    }

    /// How many threads it may compute with, where it shares its processor with others.
    pub fn threads(&self) -> Option<usize> {
        by_ranks!(self, None, world => world.threads())
    }

    /// How many processors are there for it, where it does not share them with others; none where this
    /// process trains by itself.
    pub fn processors(&self) -> Option<usize> {
        by_ranks!(self, None, world => Some(world.processors()))
    }

    /// The machine of each.
    pub fn hosts(&self) -> Vec<String> {
        by_ranks!(self, Vec::new(), world => world.hosts())
    }

    /// What the exchange has cost this one so far.
    pub fn exchanged(&self) -> Exchanged {
        by_ranks!(self, Exchanged::default(), world => world.exchanged())
    }

    /// What each rank gives, in the order of ranks.
    ///
    /// # Errors
    ///
    /// [`Error::Elsewhere`] if a rank has failed meanwhile.
    pub fn all<T: Serialize + DeserializeOwned>(&self, own: T) -> Result<Vec<T>, Error> {
        by_ranks!(self, Ok(vec![own]), world => world.all(&own))
    }

    /// What the first rank says; the others need not know it.
    ///
    /// # Errors
    ///
    /// Its own, on the first rank; [`Error::Elsewhere`] on the others.
    pub fn first<T, E>(&self, own: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        let own = if self.is_first() { vec![own()?] } else { Vec::new() };
        let said = self.all(own)?.into_iter().flatten().next();
        Ok(said.expect("the first rank has said something"))
    }

    /// Bytes that the first rank has.
    ///
    /// # Errors
    ///
    /// [`Error::Elsewhere`] if a rank has failed meanwhile.
    pub fn bytes_of_first(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        by_ranks!(self, Ok(own), world => world.bytes_of_first(own))
    }

    /// Which of the batches with these numbers is this rank's; `round` has as many numbers as there are
    /// ranks, or fewer.
    pub fn own(&self, round: &Range<usize>) -> Option<usize> {
        round.clone().find(|number| number % self.count() == self.rank())
    }

    /// What came of each batch with these numbers, in their order. `own` is what came of this rank's.
    ///
    /// # Errors
    ///
    /// That of the first batch that has one, on all ranks; [`Error::Elsewhere`] if a rank has failed
    /// meanwhile.
    pub fn share<T: Serialize + DeserializeOwned>(
        &self,
        round: Range<usize>,
        own: Option<Result<T, Error>>,
    ) -> Result<Vec<T>, Error> {
        match self {
            Self::Alone => {
                debug_assert_eq!(round.len(), 1);
                own.into_iter().collect()
            }
            #[cfg(feature = "mpi")]
            Self::Together(world) => {
                let own = own.map(|own| own.map_err(|error| error.to_string()));
                let mut all = world.all(&own)?;
                let given = round.filter_map(|number| all[number % world.count()].take());
                given.collect::<Result<_, String>>().map_err(Error::Failed)
            }
        }
    }

    /// Ends what the ranks do together: tells the others of a failure, and waits until all have come as
    /// far. `tell` is called on the first rank where any has failed. What is returned is why this
    /// process must fail.
    pub fn leave(&self, own: Result<(), Failure>, tell: impl FnOnce(&str)) -> Result<(), Failure> {
        by_ranks!(self, own.inspect_err(|failure| tell(&failure.message)), world => world.leave(own, tell))
    }
}
