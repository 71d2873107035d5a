//! Work shared out among the threads.

use rayon::prelude::*;

/// Runs `task` for every number below `count`: on all threads, or on this one if there is only one,
/// since waking another takes longer than a small task.
pub(crate) fn for_each(count: usize, task: impl Fn(usize) + Send + Sync) {
    match count {
        1 => task(0),
        _ => (0..count).into_par_iter().for_each(task),
    }
}
