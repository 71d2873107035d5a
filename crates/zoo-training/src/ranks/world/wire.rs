//! Bytes and numbers from rank to rank, and what happens when a rank does not answer.

use std::{
    cell::{Cell, OnceCell},
    env, process, thread,
    time::{Duration, Instant},
};

use mpi::{
    Threading,
    datatype::Equivalence,
    environment::Universe,
    request::multiple_scope,
    topology::SimpleCommunicator,
    traits::{Communicator, Destination, Source},
};

use crate::{Error, ranks::Launched};

/// Seconds that a rank waits for another before it gives up, where the user says nothing else.
const PATIENCE: u64 = 600;
/// The environment variable in which the user does.
const PATIENCE_VARIABLE: &str = "ZOO_RANK_TIMEOUT";
/// Seconds that ranks wait longer than the first.
const LATER: u64 = 10;
/// Elements of the longest message: MPI counts in 32 bits.
const LONGEST: usize = 1 << 26;
/// For so long after a message, the next one is expected at any moment.
const EAGER: Duration = Duration::from_millis(2);
const PAUSE: Duration = Duration::from_micros(50);

/// The connection to all other ranks.
pub(crate) struct Wire {
    world: SimpleCommunicator,
    patience: Duration,
    hosts: OnceCell<Vec<String>>,
    sent: Cell<u64>,
    /// Ends the use of MPI when it is dropped.
    _universe: Universe,
}

impl Wire {
    pub fn open(launched: Launched) -> Result<Self, Error> {
        let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
            return Err(launched.refuse("MPI is in use already"));
        };
        let seconds = match env::var(PATIENCE_VARIABLE) {
            Err(_) => PATIENCE,
            Ok(text) => match text.parse() {
                Ok(seconds) if seconds > 0 => seconds,
                _ => {
                    return Err(Error::Config {
                        origin: PATIENCE_VARIABLE.to_string(),
                        message: format!("expected whole seconds, at least 1, found `{text}`"),
                    });
                }
            },
        };
        let world = universe.world();
        // The first rank sees who is missing: it is to give up before the others do.
        let later = if world.rank() > 0 { LATER } else { 0 };
        Ok(Self {
            world,
            patience: Duration::from_secs(seconds + later),
            hosts: OnceCell::new(),
            sent: Cell::new(0),
            _universe: universe,
        })
    }

    pub fn count(&self) -> usize {
        self.world.size() as usize
    }

    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// Says on which machine each rank is.
    pub fn name(&self, hosts: Vec<String>) {
        self.hosts.set(hosts).expect("ranks are named once");
    }

    /// What to call a rank.
    pub fn called(&self, rank: usize) -> String {
        match self.hosts.get() {
            Some(hosts) => format!("rank {rank} on {}", hosts[rank]),
            None => format!("rank {rank}"),
        }
    }

    /// Bytes that this rank has sent.
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Sends a message whose length the receiver does not know.
    pub fn send(&self, to: &[usize], message: &[u8]) {
        let length = [message.len() as u64];
        let lengths: Vec<_> = to.iter().map(|&rank| (rank, &length[..])).collect();
        self.transfer(&lengths, Vec::new());
        let messages: Vec<_> = to.iter().map(|&rank| (rank, message)).collect();
        self.transfer(&messages, Vec::new());
    }

    /// Receives a message from each of these ranks.
    pub fn receive(&self, from: &[usize]) -> Vec<Vec<u8>> {
        let mut lengths = vec![[0_u64]; from.len()];
        let receives = from.iter().copied().zip(lengths.iter_mut().map(|length| &mut length[..]));
        self.transfer(&[], receives.collect());
        let mut messages: Vec<Vec<u8>> =
            lengths.iter().map(|&[length]| vec![0; length as usize]).collect();
        let receives =
            from.iter().copied().zip(messages.iter_mut().map(|message| &mut message[..]));
        self.transfer(&[], receives.collect());
        messages
    }

    /// Sends to some ranks and receives from some, of which all know what and how much.
    pub fn transfer<T: Equivalence>(
        &self,
        sends: &[(usize, &[T])],
        receives: Vec<(usize, &mut [T])>,
    ) {
        let sent: usize = sends.iter().map(|(_, values)| size_of_val(*values)).sum();
        self.sent.set(self.sent.get() + sent as u64);
        multiple_scope(sends.len() + receives.len(), |scope, requests| {
            let mut partners = Vec::new();
            let at = |rank: usize| self.world.process_at_rank(rank as i32);
            for (rank, values) in receives {
                for part in values.chunks_mut(LONGEST) {
                    requests.add(at(rank).immediate_receive_into(scope, part));
                    partners.push(Some(rank));
                }
            }
            for &(rank, values) in sends {
                for part in values.chunks(LONGEST) {
                    requests.add(at(rank).immediate_send(scope, part));
                    partners.push(Some(rank));
                }
            }
            let (mut done, started) = (Vec::new(), Instant::now());
            let mut last = started;
            while requests.incomplete() > 0 {
                requests.test_some(&mut done);
                if !done.is_empty() {
                    last = Instant::now();
                    done.iter().for_each(|(request, ..)| partners[*request] = None);
                } else if last.elapsed() < EAGER {
                    thread::yield_now();
                } else if started.elapsed() < self.patience {
                    thread::sleep(PAUSE);
                } else {
                    self.give_up(partners.iter().copied().flatten());
                }
            }
        });
    }

    /// Ends the job at once.
    pub fn abort(&self, code: i32) -> ! {
        self.world.abort(code)
    }

    /// Ends the job, since these ranks do not answer.
    fn give_up(&self, silent: impl Iterator<Item = usize>) -> ! {
        let mut silent: Vec<usize> = silent.collect();
        silent.sort_unstable();
        silent.dedup();
        let silent: Vec<String> = silent.into_iter().map(|rank| self.called(rank)).collect();
        eprintln!(
            "error: {}: no answer for {} s from {}: it has died, its machine cannot be reached, or a step \
             takes longer than {PATIENCE_VARIABLE} allows; go on from the last checkpoint with --resume",
            self.called(self.rank()),
            self.patience.as_secs(),
            silent.join(", "),
        );
        // Where the others cannot be told, this process ends all the same.
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(5));
            process::exit(1);
        });
        self.abort(1)
    }
}

impl Drop for Wire {
    /// Ends the job at a panic, as [`Line`](super::line::Line) does.
    fn drop(&mut self) {
        if thread::panicking() {
            self.abort(101);
        }
    }
}
