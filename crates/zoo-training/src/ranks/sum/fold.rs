//! Gradients of several ranks, added number by number in the order of the batches.
//!
//! MPI's own sums promise no order. So each rank adds one segment of the gradients: it gets that segment
//! of every batch, adds in the order of batches, and gives the others the sum. For as many batches as
//! there are ranks, these are the bytes of a ring.

use std::ops::Range;

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};

use self::running::{Moves, Running};
use super::{Given, Share};
use crate::{
    Error,
    ranks::{Ranks, world::World},
};

mod running;

/// A sum of gradients to which all ranks add.
pub(crate) struct Fold<'a, M> {
    ranks: &'a Ranks,
    world: &'a World,
    model: &'a M,
    /// Where the segment of each rank begins, and where the last one ends.
    bounds: Vec<usize>,
    /// The sum of this rank's segment; empty before the first batch.
    segment: Vec<f32>,
    /// Which parameters have a gradient.
    is_present: Vec<bool>,
}

/// What a rank says of its batch, before the gradients follow.
#[derive(Serialize, Deserialize)]
struct Told {
    rank: usize,
    given: Given,
    is_present: Vec<bool>,
    running: Vec<Running>,
}

impl<'a, M: Module> Fold<'a, M> {
    pub fn new(ranks: &'a Ranks, world: &'a World, model: &'a M) -> Self {
        let mut size = Size(0);
        model.visit(&mut size);
        let count = ranks.count();
        Self {
            ranks,
            world,
            model,
            bounds: (0..=count).map(|rank| size.0 * rank / count).collect(),
            segment: Vec::new(),
            is_present: Vec::new(),
        }
    }

    pub fn add(
        &mut self,
        round: Range<usize>,
        own: Option<Result<Share, Error>>,
    ) -> Result<Vec<Given>, Error> {
        let (mut flat, mut statistics) = (Flat::default(), Vec::new());
        let own = own.map(|share| {
            let Share { given, gradients, statistics: measured } = share?;
            flat = Flat::of(self.model, gradients);
            let running;
            (running, statistics) = running::flat(self.model, measured);
            let is_present = flat.is_present.clone();
            Ok(Told { rank: self.ranks.rank(), given, is_present, running })
        });
        let told = self.ranks.share(round, own)?;
        self.fold(&flat.values, &told);
        self.move_running(&statistics, &told);
        for Told { is_present, .. } in &told {
            self.is_present.resize(is_present.len(), false);
            self.is_present.iter_mut().zip(is_present).for_each(|(all, one)| *all |= one);
        }
        Ok(told.into_iter().map(|told| told.given).collect())
    }

    /// Adds everybody's gradients to the sum of this rank's segment.
    fn fold(&mut self, own: &[f32], told: &[Told]) {
        let rank = self.ranks.rank();
        let sends: Vec<(usize, &[f32])> = match own.is_empty() {
            true => Vec::new(),
            false => self.others().map(|other| (other, &own[self.segment_of(other)])).collect(),
        };
        let length = self.segment_of(rank).len();
        let mut received = vec![vec![0.0; length]; told.len()];
        let parts = told.iter().zip(&mut received).map(|(told, part)| (told.rank, &mut part[..]));
        let (mine, theirs): (Vec<_>, Vec<_>) = parts.partition(|(giver, _)| *giver == rank);
        mine.into_iter().for_each(|(_, part)| part.copy_from_slice(&own[self.segment_of(rank)]));
        self.world.wire().exchange(&sends, theirs);
        for part in received {
            match self.segment.is_empty() {
                true => self.segment = part,
                false => self.segment.iter_mut().zip(part).for_each(|(sum, value)| *sum += value),
            }
        }
    }

    /// Moves the running statistics, batch by batch.
    fn move_running(&self, own: &[f32], told: &[Told]) {
        let mut received: Vec<Vec<f32>> = told
            .iter()
            .map(|Told { rank, running, .. }| match *rank == self.ranks.rank() {
                true => own.to_vec(),
                false => vec![0.0; running.iter().map(|running| running.length).sum()],
            })
            .collect();
        let sends: Vec<(usize, &[f32])> = self.others().map(|other| (other, own)).collect();
        let parts = told.iter().zip(&mut received).map(|(told, part)| (told.rank, &mut part[..]));
        let theirs = parts.filter(|(giver, _)| *giver != self.ranks.rank()).collect();
        self.world.wire().exchange(&sends, theirs);
        let batches = told.iter().map(|told| &told.running[..]).zip(&received);
        Moves::new(batches).apply(self.model);
    }

    pub fn total(self) -> GradientsParams {
        let mut values = vec![0.0; self.bounds[self.ranks.count()]];
        let sends: Vec<_> = self.others().map(|other| (other, &self.segment[..])).collect();
        let mut theirs = Vec::new();
        let mut rest = &mut values[..];
        for rank in 0..self.ranks.count() {
            let (part, after) = rest.split_at_mut(self.segment_of(rank).len());
            rest = after;
            match rank == self.ranks.rank() {
                true => part.copy_from_slice(&self.segment),
                false => theirs.push((rank, part)),
            }
        }
        self.world.wire().exchange(&sends, theirs);
        let mut spread = Spread {
            values: &values,
            is_present: &self.is_present,
            gradients: GradientsParams::new(),
        };
        self.model.visit(&mut spread);
        spread.gradients
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<M> {
        let own = self.ranks.rank();
        (0..self.ranks.count()).filter(move |&rank| rank != own)
    }

    fn segment_of(&self, rank: usize) -> Range<usize> {
        self.bounds[rank]..self.bounds[rank + 1]
    }
}

fn is_trained<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    param.val().is_require_grad()
}

/// Counts the numbers that are trained.
struct Size(usize);

impl ModuleVisitor for Size {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if is_trained(param) {
            self.0 += param.shape().num_elements();
        }
    }
}

/// Gradients one after the other, with zeros where a parameter has none.
#[derive(Default)]
struct Flat {
    gradients: GradientsParams,
    values: Vec<f32>,
    is_present: Vec<bool>,
}

impl Flat {
    fn of<M: Module>(model: &M, gradients: GradientsParams) -> Self {
        let mut flat = Self { gradients, ..Self::default() };
        model.visit(&mut flat);
        flat
    }
}

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !is_trained(param) {
            return;
        }
        let gradient = self.gradients.remove::<D>(param.id);
        self.is_present.push(gradient.is_some());
        match gradient {
            Some(gradient) => self.values.extend(floats(gradient)),
            None => self.values.resize(self.values.len() + param.shape().num_elements(), 0.0),
        }
    }
}

/// The numbers of a tensor.
fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("numbers of 32 bits")
}

/// Takes gradients from where [`Flat`] has put them.
struct Spread<'a> {
    values: &'a [f32],
    is_present: &'a [bool],
    gradients: GradientsParams,
}

impl ModuleVisitor for Spread<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !is_trained(param) {
            return;
        }
        let (values, rest) = self.values.split_at(param.shape().num_elements());
        self.values = rest;
        let (is_present, rest) = self.is_present.split_first().expect("a mark of each parameter");
        self.is_present = rest;
        if *is_present {
            let data = TensorData::new(values.to_vec(), param.shape());
            let device = param.val().device().inner();
            self.gradients.register(param.id, Tensor::<D>::from_data(data, &device));
        }
    }
}
