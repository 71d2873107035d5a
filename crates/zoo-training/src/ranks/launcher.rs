//! By whom a process was started, together with how many others.

use std::env;

use crate::Error;

/// How a launcher tells a process how many it has started, and which this is.
struct Launcher {
    name: &'static str,
    count: &'static str,
    rank: &'static str,
}

/// The launchers of Open MPI, of MPICH and Intel MPI, and of Slurm.
const LAUNCHERS: [Launcher; 3] = [
    Launcher { name: "mpirun", count: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK" },
    Launcher { name: "mpiexec", count: "PMI_SIZE", rank: "PMI_RANK" },
    // That of the job step: a batch script has the number of tasks, too, and is one process.
    Launcher { name: "srun", count: "SLURM_STEP_NUM_TASKS", rank: "SLURM_PROCID" },
];

/// A start of several processes, of which this is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launched {
    /// The launcher.
    pub by: &'static str,
    /// How many it has started.
    pub count: usize,
    /// Which of them this is, from 0.
    pub rank: usize,
}

impl Launched {
    /// That of this process; none where it was started by itself, or as the only one.
    pub fn find() -> Option<Self> {
        Self::find_in(|name| env::var(name).ok()?.parse().ok())
    }

    fn find_in(number: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        LAUNCHERS.iter().find_map(|Launcher { name, count, rank }| {
            let (count, rank) = (number(count)?, number(rank).unwrap_or(0));
            (count > 1).then_some(Self { by: name, count, rank })
        })
    }

    /// Refuses the start, on the first process only, so that it is said once. The others end as if all
    /// were well: a launcher kills what is left as soon as one has failed, maybe before the first has spoken.
    pub fn refuse(self, message: &str) -> Error {
        if self.rank > 0 {
            return Error::Elsewhere { message: message.to_string(), code: 0 };
        }
        let Self { by, count, .. } = self;
        Error::Config {
            origin: by.to_string(),
            message: format!("{count} processes were started, but {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_of_several_is_recognised() {
        let find = |variables: &[(&str, usize)]| {
            Launched::find_in(|name| {
                let variable = variables.iter().find(|(known, _)| *known == name);
                variable.map(|(_, value)| *value)
            })
        };
        let srun = Some(Launched { by: "srun", count: 4, rank: 3 });
        assert_eq!(find(&[("SLURM_STEP_NUM_TASKS", 4), ("SLURM_PROCID", 3)]), srun);
        let mpirun = Some(Launched { by: "mpirun", count: 2, rank: 1 });
        assert_eq!(find(&[("OMPI_COMM_WORLD_SIZE", 2), ("OMPI_COMM_WORLD_RANK", 1)]), mpirun);
        // One process, and a batch script of four tasks.
        assert_eq!(find(&[("OMPI_COMM_WORLD_SIZE", 1)]), None);
        assert_eq!(find(&[("SLURM_NTASKS", 4), ("SLURM_PROCID", 0)]), None);
    }
}
