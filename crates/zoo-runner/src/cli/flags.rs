//! Flags that several verbs share.

use std::path::Path;

use burn::tensor::Device;
use clap::Args;
use zoo_kernels::{Precision, Scope};
use zoo_training::{Ranks, parse_precision};

use super::Output;
use crate::{Error, backend::BackendChoice, config::RunConfig};

/// What computes, and with how many threads.
#[derive(Clone, Debug, Args)]
pub struct Compute {
    /// Backend and device, such as wgpu:1; the config's choice, or flex, unless given. `zoo backends`
    /// lists them.
    #[arg(long, value_name = "NAME[:INDEX]")]
    pub backend: Option<BackendChoice>,
    #[command(flatten)]
    pub precision: InPrecision,
    #[command(flatten)]
    pub threads: Threads,
}

/// What products and convolutions compute in.
#[derive(Clone, Debug, Args)]
pub struct InPrecision {
    /// What products and convolutions compute in, f32 or bf16; the choice of the config or of the run,
    /// or f32, unless given.
    #[arg(id = "precision", long = "precision", value_name = "PRECISION", value_parser = parse_precision)]
    pub given: Option<Precision>,
}

/// With how many threads the CPU computes.
#[derive(Clone, Debug, Args)]
pub struct Threads {
    /// Threads for CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Settings of a config that are given on the command line.
#[derive(Clone, Debug, Args)]
pub struct Sets {
    /// Change a setting, such as train.epochs=5; repeatable.
    // By this identifier such arguments may be names that are not UTF-8, see `paths`.
    #[arg(id = "sets", long = "set", value_name = "KEY.PATH=VALUE")]
    pub all: Vec<String>,
}

impl Compute {
    /// Has the whole process compute with these threads, and `config` with this backend.
    ///
    /// # Errors
    ///
    /// Those of [`Threads::apply`].
    pub fn apply(&self, config: &mut RunConfig) -> Result<(), Error> {
        if let Some(backend) = &self.backend {
            config.backend = backend.clone();
        }
        self.precision.apply(config);
        self.threads.apply()
    }

    /// The same for one of several processes, which by default shares the threads with those that have
    /// the same processor.
    ///
    /// # Errors
    ///
    /// Those of [`Threads::apply`].
    pub fn apply_to_rank(&self, config: &mut RunConfig, ranks: &Ranks) -> Result<(), Error> {
        let threads = self.threads.threads.or(ranks.threads());
        Self { threads: Threads { threads }, ..self.clone() }.apply(config)
    }

    /// Has the whole process compute with these threads, whichever thread asks; gives the backend, flex
    /// unless one is given.
    ///
    /// # Errors
    ///
    /// Those of [`Threads::apply`].
    pub fn choose(&self) -> Result<BackendChoice, Error> {
        self.threads.build(false)?;
        Ok(self.backend.clone().unwrap_or_default())
    }
}

impl Compute {
    /// Has the whole process compute with these threads, and this one in the precision for `run`; opens the
    /// device for both.
    ///
    /// # Errors
    ///
    /// Those of [`choose`](Self::choose), [`BackendChoice::open_for`] and [`RunConfig::precision_of`].
    pub fn open(&self, run: &Path, output: Output) -> Result<(Device, Scope), Error> {
        let precision = self.precision.given.map_or_else(|| RunConfig::precision_of(run), Ok)?;
        let backend = self.choose()?;
        let device = backend.open_for(precision)?;
        tell_precision(&backend, precision, output);
        Ok((device, precision.enter()))
    }
}

impl InPrecision {
    /// Has `config` compute in this precision, if one is given.
    pub fn apply(&self, config: &mut RunConfig) {
        if let Some(precision) = self.given {
            config.train.precision = precision;
        }
    }
}

/// Notes what a user should know of a precision.
pub fn tell_precision(backend: &BackendChoice, precision: Precision, output: Output) {
    if let Some(note) = backend.precision_note(precision).filter(|_| !output.quiet) {
        eprintln!("note: {note}");
    }
}

impl Threads {
    /// How many, where that is given.
    pub fn number(&self) -> Option<usize> {
        self.threads
    }

    /// Has the whole process compute with so many, of which the calling thread is one: where it does all that
    /// is not shared out, it need not wake another one for each kernel, nor be woken by it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for none, or where the number has been set before.
    pub fn apply(&self) -> Result<(), Error> {
        self.build(true)
    }

    /// The same for a process whose calling thread only waits.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply).
    #[cfg(feature = "remote")]
    pub fn apply_to_server(&self) -> Result<(), Error> {
        self.build(false)
    }

    fn build(&self, joins: bool) -> Result<(), Error> {
        let Some(threads) = self.threads.or_else(|| joins.then(cores).flatten()) else {
            return Ok(());
        };
        if threads == 0 {
            return Err(Error::Usage(String::from("--threads 0: expected at least 1")));
        }
        let mut pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        // A pool of this thread alone would keep the loader's threads waiting while this one waits for them.
        if joins && threads > 1 {
            pool = pool.use_current_thread();
        }
        match pool.build_global() {
            Err(error) if self.threads.is_some() => {
                Err(Error::Usage(format!("--threads {threads}: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// All cores, unless rayon's own variable says how many.
fn cores() -> Option<usize> {
    match std::env::var_os("RAYON_NUM_THREADS") {
        Some(_) => None,
        None => std::thread::available_parallelism().ok().map(usize::from),
    }
}
