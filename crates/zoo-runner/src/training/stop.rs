//! One handle by which anything may end a run: Ctrl-C, a full disk, a loss that is not a number.

use std::sync::{Arc, Mutex, PoisonError};

use burn::train::Interrupter;

use crate::Error;

/// Ends a training after its current step. Clones share one state.
#[derive(Clone, Default)]
pub struct Stop {
    interrupter: Interrupter,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Stop {
    /// Burn's side of the handle.
    pub fn interrupter(&self) -> &Interrupter {
        &self.interrupter
    }

    /// Ends the run cleanly.
    pub fn request(&self) {
        self.interrupter.stop(None);
    }

    /// Ends the run because of `error`; the first one is kept.
    pub fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.interrupter.stop(None);
    }

    /// True where the run should end.
    pub fn is_requested(&self) -> bool {
        self.interrupter.should_stop()
    }

    /// True where the run ended because of an error.
    pub fn has_failed(&self) -> bool {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.is_some() || self.interrupter.error().is_some()
    }

    /// The error that ended the run, if any.
    pub fn take_failure(&self) -> Option<Error> {
        let own = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        own.or_else(|| self.interrupter.error().map(|error| Error::Failed(error.to_string())))
    }
}
