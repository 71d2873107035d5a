//! What the class would be after every layer: the logit lens
//! (<https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens>).

use axum::{Extension, Json, extract::State};
use burn::tensor::{Tensor, TensorData};
use serde::Serialize;
use zoo_model::{AnyModel, Predictor, Scores};

use super::readout::{Readout, Readouts};
use crate::{
    explain::Layer,
    lab::{Answer, Lab, Prediction, Seen, Told},
    serve::refused::Refused,
};

/// Classes that are shown after each layer.
const SHOWN: usize = 3;

/// What the network would say after every layer.
#[derive(Serialize)]
pub(super) struct Lens {
    /// The class that the network says in the end.
    label: usize,
    class: String,
    steps: Vec<Step>,
    /// How the scores come about, in words.
    how: String,
}

#[derive(Serialize)]
struct Step {
    layer: String,
    /// How probable the final class is here.
    probability: f32,
    predictions: Vec<Prediction>,
    /// For a fitted head: for which share of other photos it says what the network says in the end.
    agreement: Option<f64>,
}

pub(super) async fn lens(
    State(lab): State<Lab>,
    Extension(readouts): Extension<Readouts>,
    Told { looked, .. }: Told,
) -> Answer<Json<Lens>> {
    let seen = lab.seen(&looked).await?;
    let label = seen.scores.ranking()[0];
    let of = seen.clone();
    let by_head = lab.run(&looked.network, move |network| by_own_head(network, &of)).await?;
    let (layers, how) = match by_head {
        Some(layers) => {
            let how = "After each block the network's own last normalisation and head read the tokens, as if \
                no block followed. After the last block that is the prediction itself.";
            (
                layers.into_iter().map(|(name, scores)| (name, scores, None)).collect(),
                how.to_string(),
            )
        }
        None => {
            let readout = readouts.of(&lab, &looked.network).await?;
            (by_readout(&readout, &seen)?, readout.how.clone())
        }
    };
    let step = |(layer, scores, agreement): (String, Scores, Option<f64>)| {
        let probability = scores.probabilities[label];
        let predictions = lab.predictions(&looked.network, &scores, SHOWN)?;
        Ok(Step { layer, probability, predictions, agreement })
    };
    let steps = layers.into_iter().map(step).collect::<Answer<Vec<Step>>>()?;
    let class = lab.network(&looked.network)?.info.classes[label].clone();
    Ok(Json(Lens { label, class, steps, how }))
}

/// The scores after each block of a Vision Transformer, by its own head; `None` for other networks, whose
/// head does not fit their earlier layers.
fn by_own_head(network: &Predictor, seen: &Seen) -> Answer<Option<Vec<(String, Scores)>>> {
    let AnyModel::Vit(vit) = &network.model else {
        return Ok(None);
    };
    let is_of_tokens = |layer: &&Layer| layer.name == "patch_embedding" || is_block(&layer.name);
    let read = |layer: &Layer| {
        let [tokens, width] = [layer.shape[0], layer.shape[1]];
        let data = TensorData::new(layer.values.clone(), [1, tokens, width]);
        let scores = Scores::of(vit.classify(Tensor::from_data(data, &network.device)));
        let scores = scores.map_err(Refused::failed)?.remove(0);
        Ok((layer.name.clone(), scores))
    };
    seen.record.layers.iter().filter(is_of_tokens).map(read).collect::<Result<_, _>>().map(Some)
}

/// Whether a layer is a whole block, such as `blocks.3`, and not a part of one.
fn is_block(name: &str) -> bool {
    name.strip_prefix("blocks.").is_some_and(|number| number.bytes().all(|c| c.is_ascii_digit()))
}

/// The scores after each layer, by a head that was fitted to it; at the end, the network's own.
fn by_readout(readout: &Readout, seen: &Seen) -> Answer<Vec<(String, Scores, Option<f64>)>> {
    let mut found = Vec::new();
    for fitted in &readout.layers {
        let Some(maps) = seen.record.layer(&fitted.layer).and_then(Layer::maps) else { continue };
        let logits = fitted.read(&maps);
        let logits = Tensor::from_data(
            TensorData::new(logits.clone(), [1, logits.len()]),
            &burn::tensor::Device::flex(),
        );
        let scores = Scores::of(logits);
        let scores = scores.map_err(Refused::failed)?.remove(0);
        found.push((fitted.layer.clone(), scores, Some(fitted.agreement)));
    }
    found.push((String::from("the network itself"), seen.scores.clone(), None));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_from_their_parts() {
        assert!(is_block("blocks.0") && is_block("blocks.11"));
        assert!(!is_block("blocks.0.norm1") && !is_block("stages.0.blocks.1"));
    }
}
