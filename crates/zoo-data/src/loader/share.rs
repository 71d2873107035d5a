//! Which batches of an epoch a process gets that trains together with others.

use std::ops::Range;

/// Of `ranks` processes, the one that gets every batch whose number in the whole run leaves `rank` when
/// divided by `ranks`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub rank: usize,
    pub ranks: usize,
}

/// Every `step`th number below `end`, from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    start: usize,
    end: usize,
    step: usize,
}

impl Share {
    /// Of one process alone.
    pub const ALL: Self = Self { rank: 0, ranks: 1 };

    /// Its batches in an epoch before which the run had `before`.
    pub fn of(self, batches: Range<usize>, before: usize) -> Numbers {
        let first = (before + batches.start) % self.ranks;
        let wait = (self.rank + self.ranks - first) % self.ranks;
        Numbers { start: batches.start + wait, end: batches.end, step: self.ranks }
    }
}

impl Numbers {
    /// How many there are.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start).div_ceil(self.step)
    }

    /// The one after `turn` others.
    pub fn get(self, turn: usize) -> usize {
        self.start + turn * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_has_one_process() {
        for ranks in 1..=4 {
            for before in [0, 5, 10] {
                let mut owners = vec![Vec::new(); 5];
                for rank in 0..ranks {
                    let numbers = Share { rank, ranks }.of(1..5, before);
                    (0..numbers.len()).for_each(|turn| owners[numbers.get(turn)].push(rank));
                }
                let expected = |number| vec![(before + number) % ranks];
                assert!(owners[0].is_empty());
                assert!((1..5).all(|number| owners[number] == expected(number)), "{owners:?}");
            }
        }
    }
}
