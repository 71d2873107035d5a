//! The loss to minimise.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, activation::log_softmax};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_data::Mixed;
use zoo_settings::range;

use super::class_weights::ClassWeights;

/// The choice of a loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LossConfig {
    /// Cross entropy of the softmax.
    CrossEntropy(CrossEntropyConfig),
}

/// Settings of the cross entropy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropyConfig {
    /// The share of the target that is spread over all classes, at least 0 and below 1; during
    /// training only. <https://arxiv.org/abs/1512.00567>
    pub label_smoothing: f64,
    /// Weight of an image's loss by its class; during training only. The loss of a step is the mean
    /// of the weighted losses over its images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
}

/// What training lowers, ready for its classes. By default the plain cross entropy, which is also
/// what validation measures.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    label_smoothing: f64,
    /// What each class weighs; all the same unless given.
    class_weights: Option<Arc<[f32]>>,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self::CrossEntropy(CrossEntropyConfig::default())
    }
}

impl LossConfig {
    /// The loss for these classes, which have so many train images each. In `self`, weights of
    /// classes become a list.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn resolve(&mut self, classes: &[String], counts: &[usize]) -> Result<Loss, String> {
        let Self::CrossEntropy(CrossEntropyConfig { label_smoothing, class_weights }) = self;
        let mut loss = Loss { label_smoothing: *label_smoothing, class_weights: None };
        if let Some(weights) = class_weights {
            let listed = weights.resolve(classes, counts)?;
            loss.class_weights = Some(listed.iter().map(|&weight| weight as f32).collect());
            *weights = ClassWeights::Listed(listed);
        }
        Ok(loss)
    }

    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        let Self::CrossEntropy(config) = self;
        config.class_weights.as_ref().map_or(Ok(()), ClassWeights::check)?;
        Ok(range::below_one("label_smoothing", config.label_smoothing)?)
    }
}

/// Cross entropy of each image, with label smoothing as PyTorch defines it, and with a weight for
/// each class, `[num_classes]`: of the label, and of each class that smoothing spreads the target
/// over.
fn weighted_cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    smoothing: f64,
    weights: Option<Tensor<1>>,
) -> Tensor<1> {
    let mut log_probabilities = log_softmax(logits, 1);
    if let Some(weights) = weights {
        log_probabilities = log_probabilities * weights.unsqueeze();
    }
    let of_target = log_probabilities.clone().gather(1, targets.unsqueeze_dim(1)).squeeze_dim(1);
    if smoothing == 0.0 {
        return of_target.neg();
    }
    let of_all = log_probabilities.mean_dim(1).squeeze_dim(1);
    (of_target * (1.0 - smoothing) + of_all * smoothing).neg()
}

impl Loss {
    /// The loss of each image of a batch. Of mixed images, that of both their labels, each by its
    /// share: as much as with soft targets.
    ///
    /// # Shapes
    /// - logits: `[batch, num_classes]`
    /// - targets: `[batch]`, label indices
    /// - returns: `[batch]`
    pub fn of_batch(
        &self,
        logits: &Tensor<2>,
        targets: &Tensor<1, Int>,
        mixed: Option<Mixed>,
    ) -> Tensor<1> {
        let weights = self.class_weights.as_deref();
        let weights = weights.map(|weights| Tensor::from_floats(weights, &logits.device()));
        let loss = |targets| {
            weighted_cross_entropy(logits.clone(), targets, self.label_smoothing, weights.clone())
        };
        let losses = loss(targets.clone());
        match mixed {
            Some(Mixed { targets, share }) => losses * share + loss(targets) * (1.0 - share),
            None => losses,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};
    use zoo_model::host;

    use super::*;

    fn smoothed(label_smoothing: f64, class_weights: Option<&[f32]>) -> Loss {
        Loss { label_smoothing, class_weights: class_weights.map(Arc::from) }
    }

    /// Figures of `torch.nn.functional.cross_entropy(..., reduction="none")`.
    #[test]
    fn agrees_with_pytorch() {
        let device = host();
        let logits = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], &device);
        let targets = Tensor::<1, Int>::from_ints([2, 0], &device);
        let loss = |smoothing| smoothed(smoothing, None).of_batch(&logits, &targets, None);
        let plain = loss(0.0);
        plain.into_data().assert_approx_eq::<f32>(
            &TensorData::from([0.407_605_96_f32, 1.098_612_3]),
            Tolerance::absolute(1e-6),
        );
        let smooth = loss(0.3);
        smooth.into_data().assert_approx_eq::<f32>(
            &TensorData::from([0.707_605_96_f32, 1.098_612_3]),
            Tolerance::absolute(1e-6),
        );
    }

    /// Figures of the same function with soft targets: 0.7 of a label and 0.3 of the one before.
    #[test]
    fn mixed_images_have_the_loss_of_soft_targets() {
        let device = host();
        let logits = [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [2.0, 0.0, -1.0]];
        let logits = Tensor::<2>::from_floats(logits, &device);
        let loss = |smoothing| {
            let mixed = Mixed { targets: Tensor::from_ints([1, 2, 0], &device), share: 0.7 };
            let targets = Tensor::from_ints([2, 0, 1], &device);
            smoothed(smoothing, None).of_batch(&logits, &targets, Some(mixed)).into_data()
        };
        for (smoothing, expected) in [
            (0.0, [0.707_605_96_f32, 1.098_612_3, 1.569_846]),
            (0.1, [0.777_605_9, 1.098_612_3, 1.596_512_8]),
        ] {
            let expected = TensorData::from(expected);
            loss(smoothing).assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
        }
    }

    /// Figures of the same function with `weight=[0.5, 2, 1.25]`, and its soft targets.
    #[test]
    fn weighed_classes_have_the_loss_of_pytorch() {
        let device = host();
        let logits = [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [2.0, 0.0, -1.0]];
        let logits = Tensor::<2>::from_floats(logits, &device);
        let loss = |mixed, smoothing| {
            let targets = Tensor::from_ints([2, 0, 1], &device);
            let loss = smoothed(smoothing, Some(&[0.5, 2.0, 1.25]));
            loss.of_batch(&logits, &targets, mixed).into_data()
        };
        let mixed = || Mixed { targets: Tensor::from_ints([1, 2, 0], &device), share: 0.7 };
        for (mixed, smoothing, expected) in [
            (None, 0.0, [0.509_507_4_f32, 0.549_306_15, 4.339_692]),
            (None, 0.1, [0.609_507_44, 0.631_702_07, 4.185_287]),
            (Some(mixed()), 0.0, [1.201_218_7, 0.796_493_9, 3.063_261_3]),
            (Some(mixed()), 0.1, [1.232_047_6, 0.854_171_1, 3.036_499_5]),
        ] {
            let expected = TensorData::from(expected);
            loss(mixed, smoothing).assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
        }
    }
}
