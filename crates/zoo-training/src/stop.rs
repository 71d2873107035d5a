//! The handle by which a run is asked to end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Asks a training to end after its current step. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the run to end.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True where the run should end.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
