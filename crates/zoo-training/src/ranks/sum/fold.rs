//! Gradients of several ranks, added number by number in the order of the batches.
//!
//! MPI's own sums promise no order. So each rank adds one segment of the gradients: it gets that segment
//! of every batch, adds in the order of batches, and gives the others the sum. For as many batches as
//! there are ranks, these are the bytes of a ring. The gradients of a batch travel while those of the
//! next one are computed.

use std::{mem::take, ops::Range};

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};
use zoo_kernels::Precision;

use self::{
    running::{Moves, Running},
    travel::{Travel, share},
};
use super::{Given, Share, floats, narrow};
use crate::{
    Error,
    ranks::{
        Ranks,
        world::{Pending, World},
    },
};

mod running;
mod travel;

/// A sum of gradients to which all ranks add.
pub(crate) struct Fold<'a, M> {
    ranks: &'a Ranks,
    world: &'a World,
    model: &'a M,
    /// To which gradients and their sum are rounded.
    precision: Precision,
    travel: Travel,
    /// The gradients of this rank's segment from the last round.
    on_the_way: Option<Pending<Vec<Vec<f32>>>>,
    /// The sum of those before; empty before the first batch.
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
    pub fn new(ranks: &'a Ranks, world: &'a World, model: &'a M, precision: Precision) -> Self {
        let mut size = Size(0);
        model.visit(&mut size);
        Self {
            ranks,
            world,
            model,
            precision,
            travel: Travel::new(size.0, ranks.count(), precision),
            on_the_way: None,
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
            self.round(&mut flat.values);
            let running;
            (running, statistics) = running::flat(self.model, measured);
            let is_present = flat.is_present.clone();
            Ok(Told { rank: self.ranks.rank(), given, is_present, running })
        });
        self.arrive();
        let told = self.ranks.share(round, own)?;
        self.move_running(statistics, &told);
        self.depart(flat.values, &told);
        for Told { is_present, .. } in &told {
            self.is_present.resize(is_present.len(), false);
            self.is_present.iter_mut().zip(is_present).for_each(|(all, one)| *all |= one);
        }
        Ok(told.into_iter().map(|told| told.given).collect())
    }

    /// Moves the running statistics, batch by batch.
    fn move_running(&self, own: Vec<f32>, told: &[Told]) {
        let givers: Vec<(usize, usize)> = told
            .iter()
            .map(|told| (told.rank, told.running.iter().map(|running| running.length).sum()))
            .collect();
        if givers.iter().all(|(_, length)| *length == 0) {
            return;
        }
        let parts = self.world.begin(move |wire| share(wire, own, &givers));
        let parts = self.world.end(parts);
        let batches = told.iter().map(|told| &told.running[..]).zip(&parts);
        Moves::new(batches).apply(self.model);
    }

    /// Sends everybody's gradients on their way.
    fn depart(&mut self, own: Vec<f32>, told: &[Told]) {
        let givers: Vec<usize> = told.iter().map(|told| told.rank).collect();
        let travel = self.travel.clone();
        let parts = self.world.begin(move |wire| travel.scatter(wire, &own, &givers));
        self.on_the_way = Some(parts);
    }

    /// Adds those that were sent last to the sum of this rank's segment.
    fn arrive(&mut self) {
        let parts = self.on_the_way.take().map(|parts| self.world.end(parts));
        for part in parts.into_iter().flatten() {
            match self.segment.is_empty() {
                true => self.segment = part,
                false => self.segment.iter_mut().zip(part).for_each(|(sum, value)| *sum += value),
            }
        }
    }

    pub fn total(mut self) -> GradientsParams {
        self.arrive();
        let (travel, mut segment) = (self.travel.clone(), take(&mut self.segment));
        self.round(&mut segment);
        let values = self.world.begin(move |wire| travel.gather(wire, &segment));
        let values = self.world.end(values);
        let mut spread = Spread {
            values: &values,
            is_present: &self.is_present,
            gradients: GradientsParams::new(),
        };
        self.model.visit(&mut spread);
        spread.gradients
    }

    fn round(&self, values: &mut [f32]) {
        if self.precision == Precision::Bf16 {
            narrow::round(values);
        }
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
