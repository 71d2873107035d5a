//! Running statistics of batch normalisation, moved in the order of batches.

use std::collections::{BTreeMap, HashMap};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{BatchStatistic, moved};

use crate::ranks::sum::floats;

/// A statistic of a batch, whose numbers follow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Running {
    /// Its place in a visit of the network; ids differ from rank to rank.
    place: usize,
    momentum: f64,
    pub length: usize,
}

/// The statistics of a batch, and their numbers one after the other.
pub(super) fn flat<M: Module>(
    model: &M,
    statistics: Vec<BatchStatistic>,
) -> (Vec<Running>, Vec<f32>) {
    let mut places = Places::default();
    if !statistics.is_empty() {
        model.visit(&mut places);
    }
    let (mut running, mut values) = (Vec::with_capacity(statistics.len()), Vec::new());
    for BatchStatistic { running: id, momentum, value } in statistics {
        let numbers = floats(value);
        running.push(Running { place: places.0[&id], momentum, length: numbers.len() });
        values.extend(numbers);
    }
    (running, values)
}

#[derive(Default)]
struct Places(HashMap<ParamId, usize>);

impl ModuleVisitor for Places {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let place = self.0.len();
        self.0.insert(param.id, place);
    }
}

/// What moves each running statistic, by its place, in the order of batches.
pub(super) struct Moves<'a> {
    by_place: BTreeMap<usize, Vec<(f64, &'a [f32])>>,
    place: usize,
}

impl<'a> Moves<'a> {
    pub fn new(batches: impl Iterator<Item = (&'a [Running], &'a Vec<f32>)>) -> Self {
        let mut by_place = BTreeMap::<usize, Vec<_>>::new();
        for (running, values) in batches {
            let mut rest = &values[..];
            for &Running { place, momentum, length } in running {
                let (own, after) = rest.split_at(length);
                rest = after;
                by_place.entry(place).or_default().push((momentum, own));
            }
        }
        Self { by_place, place: 0 }
    }

    pub fn apply<M: Module>(mut self, model: &M) {
        if !self.by_place.is_empty() {
            // A clone shares its running statistics with the network itself.
            let _ = model.clone().map(&mut self);
        }
    }
}

impl ModuleMapper for Moves<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.place;
        self.place += 1;
        let Some(moves) = self.by_place.remove(&place) else {
            return param;
        };
        let (id, value, mapper) = param.consume();
        let (shape, device) = (value.shape(), value.device());
        let value = moves.into_iter().fold(value.reshape([-1]), |running, (momentum, batch)| {
            let batch = TensorData::new(batch.to_vec(), [batch.len()]);
            moved(running, Tensor::<1>::from_data(batch, &device), momentum).detach()
        });
        Param::from_mapped_value(id, value.reshape(shape), mapper)
    }
}
