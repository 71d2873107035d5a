//! Memory for intermediate results, kept by each thread from call to call.

use std::cell::RefCell;

thread_local! {
    /// The last is that of the outermost task.
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `task` with `length` floats of unknown content.
///
/// A task inside a task gets memory of its own, which is kept, too.
pub(crate) fn with_scratch<R>(length: usize, task: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut scratch = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if scratch.len() < length {
        scratch.resize(length, 0.0);
    }
    let result = task(&mut scratch[..length]);
    FREE.with_borrow_mut(|free| free.push(scratch));
    result
}
