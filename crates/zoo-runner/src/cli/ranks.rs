//! Verbs under `mpirun` and the like.

use zoo_training::{Failure, Launched, Ranks};

use super::Output;
use crate::Error;

/// Does `work`, alone or as one of several processes, of which the first speaks for all: the others are
/// given a silent output.
///
/// # Errors
///
/// Those of [`Ranks::join`] and of `work` on any of the processes.
pub fn together(
    output: Output,
    work: impl FnOnce(&Ranks, Output) -> Result<(), Error>,
) -> Result<(), Error> {
    let ranks = Ranks::join()?;
    let outcome = work(&ranks, Output { quiet: output.quiet || !ranks.is_first(), ..output });
    if ranks.count() == 1 {
        return outcome;
    }
    let failure = |error: Error| Failure { message: error.to_string(), code: error.exit_code() };
    ranks
        .leave(outcome.map_err(failure), |message| eprintln!("error: {message}"))
        .map_err(|Failure { message, code }| Error::Elsewhere { message, code })
}

/// Refuses several processes for a verb that each of them would do as a whole.
///
/// # Errors
///
/// [`Error::Config`], on the first of them.
pub fn refuse_several(verb: &str) -> Result<(), Error> {
    Launched::find().map_or(Ok(()), |launched| {
        Err(launched
            .refuse(&format!(
                "each would do all that `zoo {verb}` does: start it by itself; `zoo train` and \
                 `zoo evaluate` share their work"
            ))
            .into())
    })
}
