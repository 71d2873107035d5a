//! Memory for intermediate results, kept by each thread from call to call.

use std::cell::RefCell;

/// What a cache line holds, so that no vector and no row of a tile that a whole number of them precedes lies
/// in two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; Line::FLOATS]);

impl Line {
    const FLOATS: usize = 16;
}

thread_local! {
    /// The last is that of the outermost task.
    static FREE: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `task` with `length` floats of unknown content, the first at the start of a cache line.
///
/// A task inside a task gets memory of its own, which is kept, too.
pub(crate) fn with_scratch<R>(length: usize, task: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut lines = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    let count = length.div_ceil(Line::FLOATS);
    if lines.len() < count {
        lines.resize(count, Line([0.0; Line::FLOATS]));
    }
    // SAFETY: the lines are nothing but floats, at least `length` of them.
    let floats = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), length) };
    let result = task(floats);
    FREE.with_borrow_mut(|free| free.push(lines));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_inside_tasks_have_lines_of_their_own() {
        with_scratch(17, |outer| {
            outer.fill(1.0);
            with_scratch(100, |inner| {
                inner.fill(2.0);
                let starts = [outer.as_ptr(), inner.as_ptr()].map(|start| start.addr() % 64);
                assert_eq!((starts, outer.len(), inner.len()), ([0, 0], 17, 100));
            });
            assert!(outer.iter().all(|float| *float == 1.0));
        });
        with_scratch(0, |none| assert!(none.is_empty()));
    }
}
