//! A slice of the loss surface around a network's weights, after Li et al., "Visualizing the Loss Landscape of Neural
//! Nets" (<https://arxiv.org/abs/1712.09913>): two random directions, of which every filter is as long as the network's
//! own. Biases and norms stay as they are.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    tensor::{Tensor, TensorData},
};
use rand::Rng;
use rand_distr::StandardNormal;
use zoo_data::{
    Batch,
    rng::{Stream, rng},
};
use zoo_model::Classifier;

use crate::{Error, job::Parts};

/// Two directions, and a network from which they lead away.
pub struct Slice<M> {
    model: M,
    /// Of each parameter with filters, in the order of the network; empty of the others.
    directions: [Vec<Vec<f32>>; 2],
}

impl<M: Classifier> Slice<M> {
    /// Directions from `model`, drawn by `seed`.
    pub fn new(model: M, seed: u64) -> Self {
        let draw = |number: u64| {
            let mut directions =
                Directions { rng: rng(seed, Stream::Choose, number, 0), found: Vec::new() };
            model.visit(&mut directions);
            directions.found
        };
        Self { directions: [draw(0), draw(1)], model }
    }

    /// The mean loss of some batches at a place, without dropout.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn loss(&self, parts: &Parts, batches: &[Batch], place: [f64; 2]) -> Result<f32, Error> {
        let mut shift = Shift { directions: &self.directions, place, next: 0 };
        let model = self.model.clone().map(&mut shift);
        let (mut sum, mut images) = (0.0, 0);
        for batch in batches {
            let logits = model.forward(batch.images.clone());
            let losses = parts.settings.loss.of_batch(&logits, &batch.targets, batch.mixed.clone());
            let losses = losses.sum().try_into_scalar::<f32>();
            sum += losses.map_err(|error| Error::Failed(format!("the device gave up: {error}")))?;
            images += batch.indices.len();
        }
        Ok(sum / images.max(1) as f32)
    }
}

/// Draws a direction.
struct Directions<R> {
    rng: R,
    found: Vec<Vec<f32>>,
}

impl<R: Rng> ModuleVisitor for Directions<R> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let weights: Vec<f32> = param.val().into_data().iter::<f32>().collect();
        let shape = param.val().dims();
        let mut direction: Vec<f32> = match D {
            0 | 1 => Vec::new(),
            _ => weights.iter().map(|_| self.rng.sample(StandardNormal)).collect(),
        };
        for filter in filters(&shape) {
            let norm = |values: &[f32]| {
                let squares = filter.iter().map(|&place| f64::from(values[place]).powi(2));
                squares.sum::<f64>().sqrt()
            };
            let factor = norm(&weights) / (norm(&direction) + 1e-10);
            filter.iter().for_each(|&place| direction[place] *= factor as f32);
        }
        self.found.push(direction);
    }
}

/// The places of each filter: of a convolution `[out, in, height, width]` what makes one map, of a dense layer
/// `[in, out]` what makes one output, of anything else all of it; none of biases and norms.
fn filters(shape: &[usize]) -> Vec<Vec<usize>> {
    let all = shape.iter().product::<usize>();
    match *shape {
        [] | [_] => Vec::new(),
        [_, outputs] => {
            (0..outputs).map(|output| (output..all).step_by(outputs).collect()).collect()
        }
        [outputs, _, _, _] => {
            let length = all / outputs.max(1);
            (0..outputs).map(|output| (output * length..(output + 1) * length).collect()).collect()
        }
        _ => vec![(0..all).collect()],
    }
}

/// Moves weights along both directions.
struct Shift<'a> {
    directions: &'a [Vec<Vec<f32>>; 2],
    place: [f64; 2],
    next: usize,
}

impl ModuleMapper for Shift<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let [first, second] = self.directions.each_ref().map(|direction| &direction[self.next]);
        self.next += 1;
        if first.is_empty() {
            return param;
        }
        let [a, b] = self.place.map(|place| place as f32);
        let step: Vec<f32> =
            first.iter().zip(second).map(|(first, second)| a * first + b * second).collect();
        param.map(|weights| {
            let data = TensorData::new(step, weights.dims());
            let step = Tensor::from_data(data, &weights.device());
            weights + step
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_what_makes_one_output() {
        assert_eq!(filters(&[2, 3]), [vec![0, 3], vec![1, 4], vec![2, 5]]);
        assert_eq!(filters(&[2, 1, 1, 2]), [vec![0, 1], vec![2, 3]]);
        assert_eq!(filters(&[1, 2, 2]), [vec![0, 1, 2, 3]]);
        assert!(filters(&[4]).is_empty());
    }
}
