//! Heads for layers that have none: for each, the linear map from its pooled features to the network's own
//! scores that fits best, by ridge regression. It is the tuned lens (<https://arxiv.org/abs/2303.08112>) with
//! a pooling before it.

use std::{collections::HashMap, fmt::Display, sync::Arc};

use burn::tensor::Tensor;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use zoo_data::{Prepared, Split};
use zoo_kernels::nn::Tap;
use zoo_model::{Predictor, on_model, ranking, rows};

use crate::{
    explain::Maps,
    lab::{Answer, Lab, aside, through::look_through},
    serve::refused::Refused,
};

/// Photos that heads are fitted to, at most, and those that they are tried on.
const FITTED: usize = 256;
const TRIED: usize = 128;
/// The weight of the ridge, in parts of the features' mean square.
const RIDGE: f64 = 0.01;

/// The heads of the networks that were asked for.
#[derive(Clone, Default)]
pub(super) struct Readouts(Arc<Mutex<HashMap<String, Place>>>);

/// Where the heads of a network will be.
type Place = Arc<OnceCell<Arc<Readout>>>;

/// Heads for the layers of a network.
pub(super) struct Readout {
    pub(super) layers: Vec<Fitted>,
    /// How they were made, in words.
    pub(super) how: String,
}

/// A head for one layer.
pub(super) struct Fitted {
    pub(super) layer: String,
    /// For which share of other photos it says what the network says.
    pub(super) agreement: f64,
    linear: Linear,
}

/// What a photo gives: the pooled features of every layer, and the scores.
struct Told {
    features: Vec<(String, Vec<f64>)>,
    logits: Vec<f64>,
}

impl Readouts {
    /// Those of a network; fitted when they are first asked for, and to the end, even if the asker goes.
    pub(super) async fn of(&self, lab: &Lab, network: &str) -> Answer<Arc<Readout>> {
        let place = {
            let mut all = self.0.lock();
            all.entry(network.to_string()).or_default().clone()
        };
        let (lab, network) = (lab.clone(), network.to_string());
        let fit = async move { place.get_or_try_init(|| fit(&lab, &network)).await.cloned() };
        tokio::spawn(fit).await.map_err(|_| Refused::failed("no head could be fitted"))?
    }
}

async fn fit(lab: &Lab, network: &str) -> Answer<Arc<Readout>> {
    let data = lab.data(network).await?;
    let some = |split: &Split, most: usize| split.choose(most.min(split.len()), 0);
    let learned = look_through(lab, network, &some(&data.train, FITTED), Told::all).await?;
    let tried = look_through(lab, network, &some(&data.split, TRIED), Told::all).await?;
    let how = format!(
        "Approximate: the head of this network fits its last layer alone. For each earlier layer, the mean \
         and the maximum of every map go through a linear head of its own, fitted to the network's scores \
         on {} photos; beside each stands for which share of {} other photos it says what the network says \
         in the end.",
        learned.len(),
        tried.len()
    );
    let fit = move || Arc::new(Readout { layers: fit_all(&learned, &tried), how });
    aside(fit).await
}

impl Told {
    fn all(network: &Predictor, images: &[Prepared]) -> Answer<Vec<Self>> {
        let layers = network.model.layers().into_iter().flatten().collect();
        let input = network.info.preprocess.prepared_tensor(images, &network.device);
        let mut pools = Pools { layers, found: vec![Vec::new(); images.len()] };
        let logits = on_model!(&network.model, model => model.forward_tapped(input, &mut pools));
        let logits = rows(logits).map_err(Refused::failed)?;
        let both = pools.found.into_iter().zip(logits);
        let told = both.map(|(features, logits)| Self {
            features,
            logits: logits.into_iter().map(f64::from).collect(),
        });
        Ok(told.collect())
    }
}

/// Pools the maps of the layers that a network names.
struct Pools {
    layers: Vec<String>,
    found: Vec<Vec<(String, Vec<f64>)>>,
}

impl Tap for Pools {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        let name = name.to_string();
        if D == 4 && self.layers.contains(&name) {
            let dims = output.dims();
            let values: Vec<f32> = output.clone().into_data().iter().collect();
            for (found, one) in self.found.iter_mut().zip(values.chunks(values.len() / dims[0])) {
                if let Some(maps) = Maps::new(&dims[1..], one, 0) {
                    found.push((name.clone(), pooled(&maps)));
                }
            }
        }
        output
    }
}

/// The mean and the maximum of every map.
fn pooled(maps: &Maps) -> Vec<f64> {
    let of = |channel| {
        let map = maps.map(channel);
        let mean = map.iter().copied().map(f64::from).sum::<f64>() / map.len() as f64;
        [mean, f64::from(map.iter().copied().fold(f32::NEG_INFINITY, f32::max))]
    };
    (0..maps.channels).flat_map(of).collect()
}

fn fit_all(learned: &[Told], tried: &[Told]) -> Vec<Fitted> {
    let names = learned.first().map(|told| told.features.iter().map(|(name, _)| name.clone()));
    let fit = |(place, layer): (usize, String)| {
        let features = |told: &Told| told.features[place].1.clone();
        let inputs: Vec<Vec<f64>> = learned.iter().map(features).collect();
        let outputs: Vec<Vec<f64>> = learned.iter().map(|told| told.logits.clone()).collect();
        let linear = Linear::fit(&inputs, &outputs);
        let best = |values: &[f64]| {
            ranking(&values.iter().map(|value| *value as f32).collect::<Vec<_>>()).first().copied()
        };
        let agrees =
            |told: &&Told| best(&linear.apply(&told.features[place].1)) == best(&told.logits);
        let agreement = tried.iter().filter(agrees).count() as f64 / tried.len().max(1) as f64;
        Fitted { layer, agreement, linear }
    };
    names.into_iter().flatten().enumerate().map(fit).collect()
}

impl Fitted {
    /// The scores that the head gives for these maps.
    pub(super) fn read(&self, maps: &Maps) -> Vec<f32> {
        self.linear.apply(&pooled(maps)).into_iter().map(|score| score as f32).collect()
    }
}

/// A linear map with a bias.
struct Linear {
    /// Subtracted from the inputs.
    center: Vec<f64>,
    /// For each output, a weight for every input.
    weights: Vec<Vec<f64>>,
    /// Added to the outputs.
    bias: Vec<f64>,
}

impl Linear {
    /// Ridge regression in its dual form, since there are fewer photos than features: with inputs X and outputs
    /// Y, both without their means, the weights are Xᵀ (X Xᵀ + r I)⁻¹ Y.
    fn fit(inputs: &[Vec<f64>], outputs: &[Vec<f64>]) -> Self {
        let (center, bias) = (means(inputs), means(outputs));
        let inputs: Vec<Vec<f64>> = inputs.iter().map(|row| less(row, &center)).collect();
        let outputs: Vec<Vec<f64>> = outputs.iter().map(|row| less(row, &bias)).collect();
        let count = inputs.len();
        let mut gram: Vec<Vec<f64>> =
            inputs.iter().map(|a| inputs.iter().map(|b| dot(a, b)).collect()).collect();
        let trace: f64 = (0..count).map(|place| gram[place][place]).sum();
        let ridge = RIDGE * (trace / count as f64).max(f64::MIN_POSITIVE);
        (0..count).for_each(|place| gram[place][place] += ridge);
        let solved = solve(gram, outputs);
        let mut weights = vec![vec![0.0; center.len()]; bias.len()];
        for (input, factors) in inputs.iter().zip(&solved) {
            for (weights, factor) in weights.iter_mut().zip(factors) {
                weights.iter_mut().zip(input).for_each(|(weight, value)| *weight += factor * value);
            }
        }
        Self { center, weights, bias }
    }

    fn apply(&self, input: &[f64]) -> Vec<f64> {
        let input = less(input, &self.center);
        let outputs = self.weights.iter().zip(&self.bias);
        outputs.map(|(weights, bias)| bias + dot(weights, &input)).collect()
    }
}

fn means(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut means = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows.len() as f64);
    }
    means
}

fn less(row: &[f64], other: &[f64]) -> Vec<f64> {
    row.iter().zip(other).map(|(a, b)| a - b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// X of A X = B, for a symmetric positive definite A, by Cholesky's decomposition.
#[expect(clippy::needless_range_loop, reason = "rows and columns of a matrix, by their numbers")]
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for row in 0..a.len() {
        for column in 0..=row {
            let sum = a[row][column] - dot(&a[row][..column], &a[column][..column]);
            a[row][column] = if row == column { sum.sqrt() } else { sum / a[column][column] };
        }
    }
    let mut take = |row: usize, from: usize, factor: f64, divisor: Option<f64>| match divisor {
        Some(divisor) => b[row].iter_mut().for_each(|value| *value /= divisor),
        None => {
            let other = b[from].clone();
            b[row].iter_mut().zip(other).for_each(|(value, other)| *value -= factor * other);
        }
    };
    for row in 0..a.len() {
        (0..row).for_each(|from| take(row, from, a[row][from], None));
        take(row, row, 0.0, Some(a[row][row]));
    }
    for row in (0..a.len()).rev() {
        (row + 1..a.len()).for_each(|from| take(row, from, a[from][row], None));
        take(row, row, 0.0, Some(a[row][row]));
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        let a = vec![vec![4.0, 2.0, 0.0], vec![2.0, 5.0, 3.0], vec![0.0, 3.0, 6.0]];
        let x = [[1.0, -1.0], [2.0, 0.0], [3.0, 5.0]];
        let b =
            a.iter().map(|row| (0..2).map(|k| (0..3).map(|j| row[j] * x[j][k]).sum()).collect());
        let found = solve(a.clone(), b.collect());
        for (found, expected) in found.iter().flatten().zip(x.iter().flatten()) {
            assert!((found - expected).abs() < 1e-12, "{found} and {expected}");
        }
    }

    #[test]
    fn a_linear_function_is_found_again() {
        let inputs: Vec<Vec<f64>> =
            (0..40).map(|k| vec![f64::from(k % 7), f64::from(k % 5), f64::from(k)]).collect();
        let function = |x: &Vec<f64>| vec![2.0 * x[0] - x[1] + 3.0, 0.5 * x[2] - 1.0];
        let outputs: Vec<Vec<f64>> = inputs.iter().map(function).collect();
        let linear = Linear::fit(&inputs, &outputs);
        let (found, expected) = (linear.apply(&inputs[11]), &outputs[11]);
        // The ridge pulls a little towards the mean.
        assert!(
            (found[0] - expected[0]).abs() < 0.5 && (found[1] - expected[1]).abs() < 0.5,
            "{found:?}"
        );
    }
}
