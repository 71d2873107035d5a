//! Where ranks run, and which of them share a processor.

use std::{env, fs, thread};

use serde::{Deserialize, Serialize};

/// What a rank runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Machine {
    /// The name of the machine.
    pub host: String,
    /// The processors that the rank may use, as Linux writes them: `0-3`.
    processors: Option<String>,
    /// How many of them it can use at a time.
    threads: usize,
    /// True where the user says how many threads compute.
    is_told: bool,
}

impl Machine {
    /// That of this process.
    pub fn this() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Self {
            host: mpi::environment::processor_name().unwrap_or_default(),
            processors: allowed.map(|allowed| allowed.trim().to_string()),
            threads: thread::available_parallelism().map_or(1, usize::from),
            is_told: env::var_os("RAYON_NUM_THREADS").is_some(),
        }
    }

    /// Whether two ranks may run on the same processors.
    fn is_shared_with(&self, other: &Self) -> bool {
        self.host == other.host && self.processors == other.processors
    }
}

/// The number of a rank among those on its machine.
pub(super) fn local_rank(machines: &[Machine], rank: usize) -> usize {
    machines[..rank].iter().filter(|machine| machine.host == machines[rank].host).count()
}

/// How many threads compute on a rank whose processors others have, too; none where it has them for itself
/// or the user has given a number.
pub(super) fn threads(machines: &[Machine], rank: usize) -> Option<usize> {
    let is_shared = sharing(machines, rank) > 1;
    (is_shared && !machines[rank].is_told).then(|| processors(machines, rank))
}

/// The share of a rank of its processors.
pub(super) fn processors(machines: &[Machine], rank: usize) -> usize {
    (machines[rank].threads / sharing(machines, rank)).max(1)
}

/// How many ranks have the same processors as this one, itself included.
fn sharing(machines: &[Machine], rank: usize) -> usize {
    machines.iter().filter(|machine| machine.is_shared_with(&machines[rank])).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_divided_among_ranks_that_share_processors() {
        let machine = |host: &str, processors: &str, threads| Machine {
            host: host.to_string(),
            processors: Some(processors.to_string()),
            threads,
            is_told: false,
        };
        let machines = [
            machine("a", "0-7", 8),
            machine("b", "0-3", 4),
            machine("a", "0-7", 8),
            machine("b", "4-7", 4),
            machine("a", "0-7", 8),
        ];
        let all = |of: fn(&[Machine], usize) -> Option<usize>| {
            [0, 1, 2, 3, 4].map(|rank| of(&machines, rank))
        };
        assert_eq!(all(threads), [Some(2), None, Some(2), None, Some(2)]);
        let processors = |machines: &[Machine], rank| Some(processors(machines, rank));
        assert_eq!(all(processors), [2, 4, 2, 4, 2].map(Some));
        assert_eq!(
            all(|machines, rank| Some(local_rank(machines, rank))),
            [0, 0, 1, 1, 2].map(Some)
        );
    }
}
