//! Gradients on their way between ranks. Each rank adds one segment of all.

use std::ops::Range;

use zoo_kernels::Precision;

use crate::ranks::{sum::narrow, world::Wire};

/// How gradients travel.
#[derive(Clone)]
pub(super) struct Travel {
    /// Where the segment of each rank begins, and where the last one ends.
    bounds: Vec<usize>,
    /// To which they have been rounded before.
    precision: Precision,
}

impl Travel {
    /// That of so many numbers between so many ranks.
    pub fn new(numbers: usize, ranks: usize, precision: Precision) -> Self {
        Self { bounds: (0..=ranks).map(|rank| numbers * rank / ranks).collect(), precision }
    }

    /// Gives each rank its segment of the gradients of a round's batches, which these ranks have computed;
    /// `own` is empty where this one has none. Returns those of this rank's segment, in the order of
    /// `givers`.
    pub fn scatter(&self, wire: &Wire, own: &[f32], givers: &[usize]) -> Vec<Vec<f32>> {
        let rank = wire.rank();
        let sends: Vec<(usize, &[f32])> = match own.is_empty() {
            true => Vec::new(),
            false => others(wire).map(|other| (other, &own[self.segment_of(other)])).collect(),
        };
        let length = self.segment_of(rank).len();
        let mut parts = vec![vec![0.0; length]; givers.len()];
        let parts_of = givers.iter().copied().zip(parts.iter_mut().map(|part| &mut part[..]));
        let (mine, theirs): (Vec<_>, Vec<_>) = parts_of.partition(|(giver, _)| *giver == rank);
        mine.into_iter().for_each(|(_, part)| part.copy_from_slice(&own[self.segment_of(rank)]));
        self.transfer(wire, &sends, theirs);
        parts
    }

    /// Puts the segments of all ranks together.
    pub fn gather(&self, wire: &Wire, own: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.bounds.last().copied().unwrap_or(0)];
        let sends: Vec<_> = others(wire).map(|other| (other, own)).collect();
        let mut theirs = Vec::new();
        let mut rest = &mut all[..];
        for rank in 0..wire.count() {
            let (part, after) = rest.split_at_mut(self.segment_of(rank).len());
            rest = after;
            match rank == wire.rank() {
                true => part.copy_from_slice(own),
                false => theirs.push((rank, part)),
            }
        }
        self.transfer(wire, &sends, theirs);
        all
    }

    fn transfer(&self, wire: &Wire, sends: &[(usize, &[f32])], receives: Vec<(usize, &mut [f32])>) {
        if self.precision == Precision::F32 {
            return wire.transfer(sends, receives);
        }
        let sent: Vec<_> =
            sends.iter().map(|&(rank, values)| (rank, narrow::narrow(values))).collect();
        let sends: Vec<(usize, &[u16])> =
            sent.iter().map(|(rank, narrow)| (*rank, &narrow[..])).collect();
        let mut received: Vec<Vec<u16>> =
            receives.iter().map(|(_, values)| vec![0; values.len()]).collect();
        let from = receives.iter().zip(&mut received);
        wire.transfer(&sends, from.map(|((rank, _), narrow)| (*rank, &mut narrow[..])).collect());
        for ((_, values), narrow) in receives.into_iter().zip(&received) {
            narrow::widen(narrow, values);
        }
    }

    fn segment_of(&self, rank: usize) -> Range<usize> {
        self.bounds[rank]..self.bounds[rank + 1]
    }
}

/// Gives all ranks what these ranks have, so many numbers each, in their order.
pub(super) fn share(wire: &Wire, own: Vec<f32>, givers: &[(usize, usize)]) -> Vec<Vec<f32>> {
    let rank = wire.rank();
    let sends: Vec<(usize, &[f32])> = others(wire).map(|other| (other, &own[..])).collect();
    let mut parts: Vec<Vec<f32>> = givers
        .iter()
        .map(|&(giver, length)| if giver == rank { Vec::new() } else { vec![0.0; length] })
        .collect();
    let theirs = givers.iter().zip(&mut parts).filter(|((giver, _), _)| *giver != rank);
    wire.transfer(&sends, theirs.map(|((giver, _), part)| (*giver, &mut part[..])).collect());
    if let Some(place) = givers.iter().position(|(giver, _)| *giver == rank) {
        parts[place] = own;
    }
    parts
}

fn others(wire: &Wire) -> impl Iterator<Item = usize> + use<> {
    let own = wire.rank();
    (0..wire.count()).filter(move |&rank| rank != own)
}
