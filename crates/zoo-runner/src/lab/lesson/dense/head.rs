//! The dense layer that gives the scores: a row of numbers, times the weights of a class.

use burn::{
    store::bridge,
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};
use zoo_model::{AnyModel, NO_ANSWER, Predictor, Scores, head_path};

use crate::{
    lab::{Answer, Numbers, Prediction, Seen, Told},
    serve::refused::Refused,
};

/// Classes that are shown.
const SHOWN: usize = 5;
/// The largest weight that can be given.
const LARGEST: f32 = 1e6;

/// Whose weights, and which of them are others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The class; the most probable one unless given.
    #[serde(default)]
    label: Option<usize>,
    /// Weights in place of the network's own.
    #[serde(default)]
    edits: Vec<Edit>,
}

/// Another weight.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    label: usize,
    feature: usize,
    weight: f32,
}

/// What the numbers belong to: the row, the weights, the products.
#[derive(Serialize)]
pub(super) struct Header {
    /// The layers from the first with maps to the scores, with the shape of what they give.
    way: Vec<Step>,
    label: usize,
    class: String,
    /// Length of the row.
    features: usize,
    /// What the row holds for each map: 1 if each map has become one number, rows times columns if
    /// every place has its own; 0 if a number belongs to no map.
    per_map: usize,
    bias: f32,
    /// All products, added up.
    sum: f64,
    /// What the sum and the bias are multiplied with.
    scale: f64,
    /// The score, as the network computes it.
    logit: f32,
    predictions: Vec<Prediction>,
}

#[derive(Serialize)]
struct Step {
    layer: String,
    shape: Vec<usize>,
}

/// A row of numbers, the weights of a class, and their products.
pub(super) async fn head(Told { lab, looked, asked }: Told<Asked>) -> Answer<Numbers<Header>> {
    let Asked { label, edits } = asked;
    let network = &looked.network;
    let seen = lab.seen(&looked).await?;
    let label = label.unwrap_or_else(|| seen.scores.ranking()[0]);
    let layers = &seen.record.layers;
    let [.., row, _] = &layers[..] else {
        return Err(Refused::unusable("this network has no layer before its scores"));
    };
    let row = row.values.clone();
    let input = seen.clone();
    let work = move |network: &Predictor| Dense::of(network, &input, label, &edits);
    let dense = lab.run(network, work).await?;
    let products: Vec<f32> =
        row.iter().zip(&dense.weights).map(|(value, weight)| value * weight).collect();
    let sum = row.iter().zip(&dense.weights);
    let sum = sum.map(|(value, weight)| f64::from(*value) * f64::from(*weight)).sum();
    let way =
        layers.iter().map(|layer| Step { layer: layer.name.clone(), shape: layer.shape.clone() });
    let header = Header {
        way: way.collect(),
        label,
        class: lab.network(network)?.info.classes[label].clone(),
        features: row.len(),
        per_map: per_map(&seen, row.len()),
        bias: dense.bias,
        sum,
        scale: dense.scale,
        logit: dense.scores.logits[label],
        predictions: lab.predictions(network, &dense.scores, SHOWN)?,
    };
    Ok(Numbers { header, values: [row, dense.weights, products].concat() })
}

/// How many numbers of the row come from each map of the last layer that has some.
fn per_map(seen: &Seen, features: usize) -> usize {
    let before = seen.record.layers.iter().rev().skip(1);
    let mut between = 0;
    for layer in before {
        match *layer.shape {
            [maps, rows, columns] => {
                let places = rows * columns;
                // One flattening or one mean lies between; a hidden layer mixes the maps.
                return match features {
                    _ if between > 1 => 0,
                    length if length == maps => 1,
                    length if length == maps * places => places,
                    _ => 0,
                };
            }
            [_] => between += 1,
            _ => return 0,
        }
    }
    0
}

/// The dense layer, for one class.
struct Dense {
    weights: Vec<f32>,
    bias: f32,
    scale: f64,
    scores: Scores,
}

impl Dense {
    fn of(network: &Predictor, seen: &Seen, label: usize, edits: &[Edit]) -> Answer<Self> {
        let layers = network.model.layers();
        let head = head_path(&layers);
        let path = format!("{head}.weight");
        let read = |name: &str| {
            let tensors = network.model.tensors(None);
            let tensor = tensors.into_iter().find(|tensor| tensor.name == name)?;
            bridge::into_data(tensor).ok()
        };
        let weight = read(&path).ok_or_else(|| Refused::failed(format!("there is no `{path}`")))?;
        let shape = weight.shape().to_vec();
        let [features, classes] = [shape[0], shape[1]];
        let mut weight: Vec<f32> = weight.iter::<f32>().collect();
        if label >= classes {
            return Err(Refused::bad(format!("there is no class {label}")));
        }
        for edit in edits {
            edit.apply(&mut weight, [features, classes])?;
        }
        let mut model = network.model.clone();
        if !edits.is_empty() {
            let data = TensorData::new(weight.clone(), shape);
            let applied = model.apply(vec![bridge::from_data(data, path, None)], None);
            if !applied.errors.is_empty() || applied.applied.len() != 1 {
                return Err(Refused::failed("the weights could not be changed"));
            }
        }
        let bias = read(&format!("{head}.bias")).and_then(|bias| bias.iter::<f32>().nth(label));
        Ok(Self {
            weights: weight.iter().skip(label).step_by(classes).copied().collect(),
            bias: bias.unwrap_or(0.0),
            scale: network.info.model.logit_scale(),
            scores: scores(&model, network, seen)?,
        })
    }
}

fn scores(model: &AnyModel, network: &Predictor, seen: &Seen) -> Answer<Scores> {
    let side = seen.image.width();
    let shape = [1, seen.image.channels(), side, side];
    let input = Tensor::from_data(TensorData::new(seen.input.clone(), shape), &network.device);
    let scores = Scores::of(model.logits(input));
    let scores = scores.map_err(Refused::failed)?.remove(0);
    match scores.is_answer() {
        true => Ok(scores),
        false => Err(Refused::unusable(NO_ANSWER)),
    }
}

impl Edit {
    fn apply(self, weights: &mut [f32], [features, classes]: [usize; 2]) -> Answer<()> {
        let Self { label, feature, weight } = self;
        if label >= classes || feature >= features {
            return Err(Refused::bad(format!(
                "class {label}, number {feature}: there are {classes} classes and {features} numbers"
            )));
        }
        if !(-LARGEST..=LARGEST).contains(&weight) {
            return Err(Refused::bad("`weight`: expected −1000000 to 1000000"));
        }
        weights[feature * classes + label] = weight;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_found_by_class_and_number() {
        let mut weights = vec![0.0; 6];
        Edit { label: 1, feature: 2, weight: 3.0 }.apply(&mut weights, [3, 2]).unwrap();
        assert_eq!(weights, [0.0, 0.0, 0.0, 0.0, 0.0, 3.0]);
        assert!(Edit { label: 2, feature: 0, weight: 1.0 }.apply(&mut weights, [3, 2]).is_err());
        assert!(
            Edit { label: 0, feature: 0, weight: f32::NAN }.apply(&mut weights, [3, 2]).is_err()
        );
    }
}
