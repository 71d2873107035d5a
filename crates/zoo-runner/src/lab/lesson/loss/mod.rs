//! Lesson 5: from scores to probabilities, and how wrong they are.

use axum::{Json, Router, routing::post};
use burn::tensor::{Device, Int, Tensor, activation::softmax};
use serde::{Deserialize, Serialize};
use zoo_training::{CrossEntropyConfig, Loss, LossConfig};

use crate::{
    lab::{Answer, Lab, Told},
    serve::refused::Refused,
};

/// Classes that are shown.
const SHOWN: usize = 10;
/// The largest score that can be given.
const LARGEST: f32 = 100.0;

pub fn routes() -> Router<Lab> {
    Router::new().route("/worked", post(worked))
}

/// Scores that are changed, and what is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Scores in place of the network's own.
    #[serde(default)]
    scores: Vec<Score>,
    /// The right class; the most probable one unless given.
    #[serde(default)]
    target: Option<usize>,
    /// The share of the target that is spread over all classes.
    #[serde(default)]
    label_smoothing: f64,
}

/// Another score for a class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Score {
    label: usize,
    logit: f32,
}

/// From scores to a loss.
#[derive(Serialize)]
struct Worked {
    /// The classes that the network found most probable.
    classes: Vec<Class>,
    /// How many there are.
    all_classes: usize,
    /// The right class.
    target: usize,
    /// The largest score.
    largest: f32,
    /// The powers of all classes, added up.
    sum_of_powers: f64,
    /// Cross entropy, in nats.
    loss: f32,
    /// The loss of a network that finds all classes equally probable.
    loss_of_guessing: f64,
    /// The least loss that there is with this smoothing.
    least: f64,
}

#[derive(Serialize)]
struct Class {
    label: usize,
    class: String,
    /// The network's own score.
    own: f32,
    /// The score.
    logit: f32,
    /// e to the power of the score less the largest.
    power: f64,
    probability: f32,
    /// What the probability should be.
    target: f64,
    /// How the loss changes with the score.
    gradient: f32,
}

async fn worked(Told { lab, looked, asked }: Told<Asked>) -> Answer<Json<Worked>> {
    let Asked { scores, target, label_smoothing } = asked;
    let seen = lab.seen(&looked).await?;
    let own = &seen.scores.logits;
    let mut logits = own.clone();
    for Score { label, logit } in scores {
        let place = logits.get_mut(label);
        let place = place.ok_or_else(|| Refused::bad(format!("there is no class {label}")))?;
        if !(-LARGEST..=LARGEST).contains(&logit) {
            return Err(Refused::bad(format!("`logit`: expected −100 to 100, found {logit}")));
        }
        *place = logit;
    }
    let shown: Vec<usize> = seen.scores.ranking().into_iter().take(SHOWN).collect();
    let target = target.unwrap_or(shown[0]);
    if target >= logits.len() {
        return Err(Refused::bad(format!("there is no class {target}")));
    }
    let Computed { probabilities, loss, gradients } = compute(&logits, target, label_smoothing)?;
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let power = |logit: f32| f64::from(logit - largest).exp();
    let spread = label_smoothing / logits.len() as f64;
    let network = lab.network(&looked.network)?;
    let names = &network.info.classes;
    let class = |&label: &usize| Class {
        label,
        class: names[label].clone(),
        own: own[label],
        logit: logits[label],
        power: power(logits[label]),
        probability: probabilities[label],
        target: spread + if label == target { 1.0 - label_smoothing } else { 0.0 },
        gradient: gradients[label],
    };
    Ok(Json(Worked {
        classes: shown.iter().map(class).collect(),
        all_classes: logits.len(),
        target,
        largest,
        sum_of_powers: logits.iter().copied().map(power).sum(),
        loss,
        loss_of_guessing: (logits.len() as f64).ln(),
        least: least(logits.len(), label_smoothing),
    }))
}

struct Computed {
    probabilities: Vec<f32>,
    loss: f32,
    gradients: Vec<f32>,
}

/// The loss that training lowers, and its gradients by backpropagation.
fn compute(logits: &[f32], target: usize, label_smoothing: f64) -> Answer<Computed> {
    let mut config =
        LossConfig::CrossEntropy(CrossEntropyConfig { label_smoothing, class_weights: None });
    config.check().map_err(Refused::bad)?;
    let loss: Loss = config.resolve(&[], &[]).map_err(Refused::bad)?;
    let device = Device::flex().autodiff();
    let logits = Tensor::<1>::from_floats(logits, &device).unsqueeze::<2>().require_grad();
    let targets = Tensor::<1, Int>::from_ints([target as i32], &device);
    let losses = loss.of_batch(&logits, &targets, None);
    let floats = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect();
    let gradients = losses.clone().backward();
    let gradients = logits.grad(&gradients);
    let gradients = gradients.ok_or_else(|| Refused::failed("the loss has no gradient"))?;
    Ok(Computed {
        probabilities: floats(softmax(logits, 1)),
        loss: losses.into_data().iter::<f32>().next().unwrap_or(f32::NAN),
        gradients: floats(gradients),
    })
}

/// The entropy of the smoothed target: no scores have a smaller cross entropy.
fn least(classes: usize, label_smoothing: f64) -> f64 {
    let spread = label_smoothing / classes as f64;
    let term = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
    term(1.0 - label_smoothing + spread) + (classes - 1) as f64 * term(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of `torch.nn.functional.cross_entropy` and its gradient.
    #[test]
    fn the_loss_is_that_of_training_and_its_gradient_probability_less_target() {
        let plain = compute(&[1.0, 2.0, 3.0], 2, 0.0).unwrap();
        let smooth = compute(&[1.0, 2.0, 3.0], 2, 0.3).unwrap();
        assert!((plain.loss - 0.407_605_96).abs() < 1e-6, "{}", plain.loss);
        assert!((smooth.loss - 0.707_605_96).abs() < 1e-6, "{}", smooth.loss);
        let probabilities = [0.090_030_57, 0.244_728_48, 0.665_240_94];
        for (label, expected) in probabilities.into_iter().enumerate() {
            assert!((plain.probabilities[label] - expected).abs() < 1e-6);
            let target = if label == 2 { 1.0 } else { 0.0 };
            assert!((plain.gradients[label] - (expected - target)).abs() < 1e-6);
            let target = if label == 2 { 0.8 } else { 0.1 };
            assert!((smooth.gradients[label] - (expected - target)).abs() < 1e-6);
        }
        assert!(compute(&[1.0, 2.0], 0, 1.0).is_err());
    }

    #[test]
    fn the_least_loss_is_the_entropy_of_the_target() {
        assert_eq!(least(10, 0.0), 0.0);
        let expected = -(0.91 * 0.91f64.ln() + 9.0 * 0.01 * 0.01f64.ln());
        assert!((least(10, 0.1) - expected).abs() < 1e-12);
    }
}
