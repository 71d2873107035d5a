//! Memory for intermediate results, kept by each thread from call to call.

use std::cell::Cell;

thread_local! {
    static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Runs `task` with `length` floats of unknown content.
///
/// A task inside a task gets memory of its own, and the larger of the two is kept.
pub(crate) fn with_scratch<R>(length: usize, task: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut scratch = SCRATCH.take();
    if scratch.len() < length {
        scratch.resize(length, 0.0);
    }
    let result = task(&mut scratch[..length]);
    let other = SCRATCH.take();
    SCRATCH.set(if other.len() > scratch.len() { other } else { scratch });
    result
}
