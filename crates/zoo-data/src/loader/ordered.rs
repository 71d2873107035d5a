//! Work done by several threads, handed out in order.

use std::{
    any::Any,
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// An iterator over `make(number)` for the numbers of a range, in their order, made ahead by worker
/// threads.
///
/// At most `ahead` results exist or are being made at any time. Dropping it stops the workers after
/// their current results, and waits for them. Without workers, each result is made on request. If
/// `make` panics, so does `next` for that number.
pub(super) struct Ordered<T> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared<T> {
    make: Box<dyn Fn(usize) -> T + Send + Sync>,
    end: usize,
    ahead: usize,
    state: Mutex<State<T>>,
    /// A result is ready.
    ready: Condvar,
    /// A worker may make another one. Apart from the other, so that nobody is woken for nothing: who wakes takes a
    /// core from those that train.
    room: Condvar,
}

struct State<T> {
    /// Next number for a worker to make.
    next_made: usize,
    /// Next number to hand out.
    next_out: usize,
    /// Results that wait for their turn, or what their making panicked with.
    ready: BTreeMap<usize, Result<T, Box<dyn Any + Send>>>,
    stopped: bool,
}

impl<T: Send + 'static> Ordered<T> {
    /// Starts `workers` threads. `ahead` is raised to their number, so that none is idle for ever.
    pub fn new(
        numbers: Range<usize>,
        workers: usize,
        ahead: usize,
        make: impl Fn(usize) -> T + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            make: Box::new(make),
            end: numbers.end,
            ahead: ahead.max(workers),
            state: Mutex::new(State {
                next_made: numbers.start,
                next_out: numbers.start,
                ready: BTreeMap::new(),
                stopped: false,
            }),
            ready: Condvar::new(),
            room: Condvar::new(),
        });
        let work = |_| {
            let shared = shared.clone();
            thread::spawn(move || shared.work())
        };
        let workers = (0..workers.min(numbers.len())).map(work).collect();
        Self { shared, workers }
    }

    /// Next number to be handed out; the end of the range when there is none left.
    pub fn next_number(&self) -> usize {
        self.shared.lock().next_out
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a worker does all its life.
    fn work(&self) {
        let mut state = self.lock();
        while !state.stopped && state.next_made < self.end {
            if state.next_made >= state.next_out + self.ahead {
                state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let number = state.next_made;
            state.next_made += 1;
            drop(state);
            let result = catch_unwind(AssertUnwindSafe(|| (self.make)(number)));
            state = self.lock();
            state.ready.insert(number, result);
            self.ready.notify_one();
        }
    }

    /// The result that is due, when it is ready.
    fn take(&self) -> Option<Result<T, Box<dyn Any + Send>>> {
        let mut state = self.lock();
        let number = state.next_out;
        if number == self.end {
            return None;
        }
        loop {
            if let Some(result) = state.ready.remove(&number) {
                state.next_out += 1;
                self.room.notify_one();
                return Some(result);
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T: Send + 'static> Iterator for Ordered<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if !self.workers.is_empty() {
            return self
                .shared
                .take()
                .map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        let number = self.next_number();
        if number >= self.shared.end {
            return None;
        }
        self.shared.lock().next_out += 1;
        Some((self.shared.make)(number))
    }
}

impl<T> Drop for Ordered<T> {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.room.notify_all();
        for worker in self.workers.drain(..) {
            // A worker cannot panic: what it calls is caught.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_workers() {
        for workers in [0, 1, 2, 7] {
            // Later numbers are ready sooner.
            let slow_first = |number: usize| {
                thread::sleep(Duration::from_millis(6 - number as u64 % 6));
                number * number
            };
            let squares: Vec<usize> = Ordered::new(3..15, workers, 4, slow_first).collect();
            assert_eq!(squares, (3..15).map(|number| number * number).collect::<Vec<usize>>());
        }
    }

    #[test]
    fn no_more_is_made_ahead_than_allowed() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let mut numbers = Ordered::new(0..100, 2, 5, move |number| {
            counter.fetch_add(1, Ordering::SeqCst);
            number
        });
        for taken in 0..50 {
            // Workers have all the time they want.
            while made.load(Ordering::SeqCst) < taken + 5 {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(200));
            assert_eq!(made.load(Ordering::SeqCst), taken + 5);
            assert_eq!(numbers.next(), Some(taken));
        }
    }

    #[test]
    fn workers_work_at_the_same_time() {
        // Each waits for another to get there too: one worker alone would wait for ever.
        let meeting = std::sync::Barrier::new(3);
        let numbers = Ordered::new(0..6, 3, 6, move |number| {
            meeting.wait();
            number
        });
        assert_eq!(numbers.collect::<Vec<usize>>(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn dropping_stops_the_workers() {
        let alive = Arc::new(());
        let held = alive.clone();
        let mut numbers = Ordered::new(0..1_000_000, 4, 8, move |number| {
            let _ = &held;
            number
        });
        assert_eq!(numbers.next(), Some(0));
        drop(numbers);
        // Each worker held the closure; it is gone when the last of them has ended.
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn a_panic_comes_out_where_it_is_due() {
        let mut numbers = Ordered::new(0..4, 2, 4, |number| {
            assert_ne!(number, 2, "two is bad");
            number
        });
        assert_eq!((numbers.next(), numbers.next()), (Some(0), Some(1)));
        assert!(catch_unwind(AssertUnwindSafe(|| numbers.next())).is_err());
        assert_eq!((numbers.next(), numbers.next()), (Some(3), None));
    }

    #[test]
    fn nothing_to_do_is_fine() {
        assert_eq!(Ordered::new(5..5, 3, 2, |number| number).next(), None);
    }
}
