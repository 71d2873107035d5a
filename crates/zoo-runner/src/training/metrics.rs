//! What is measured while training: Burn's metrics, and the zoo's names for them.

use burn::train::{
    SupervisedTraining,
    metric::{AccuracyMetric, LearningRateMetric, LossMetric, Metric, TopKAccuracyMetric},
};

use super::Trainee;
use crate::model::Classifier;

/// A measured quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// The loss, a mean over images.
    Loss,
    /// The fraction of images whose most probable class is theirs.
    Accuracy,
    /// The fraction of images whose class is among the k most probable.
    TopKAccuracy,
    /// The optimizer's step size.
    LearningRate,
}

impl Quantity {
    /// The quantity that a metric of Burn measures, by the metric's name.
    pub fn of(metric: &str) -> Option<Self> {
        match metric {
            "Loss" => Some(Self::Loss),
            "Accuracy" => Some(Self::Accuracy),
            "Learning Rate" => Some(Self::LearningRate),
            name if name.starts_with("Top-K") => Some(Self::TopKAccuracy),
            _ => None,
        }
    }

    /// The factor from Burn's unit to ours: it counts accuracy in percent.
    pub fn scale(self) -> f64 {
        match self {
            Self::Accuracy | Self::TopKAccuracy => 0.01,
            Self::Loss | Self::LearningRate => 1.0,
        }
    }
}

/// Burn's name of the metric that decides which weights are best.
pub fn accuracy_name() -> String {
    AccuracyMetric::new().name().to_string()
}

/// Has a training measure every [`Quantity`].
pub fn measure<M: Classifier>(
    training: SupervisedTraining<Trainee<M>>,
    top_k: usize,
) -> SupervisedTraining<Trainee<M>> {
    training
        .metrics((LossMetric::new(), AccuracyMetric::new()))
        .metric_train_numeric(LearningRateMetric::new())
        .metric_valid_numeric(TopKAccuracyMetric::new(top_k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burns_names_are_known() {
        assert_eq!(Quantity::of(&LossMetric::new().name()), Some(Quantity::Loss));
        assert_eq!(Quantity::of(&AccuracyMetric::new().name()), Some(Quantity::Accuracy));
        assert_eq!(Quantity::of(&TopKAccuracyMetric::new(5).name()), Some(Quantity::TopKAccuracy));
        assert_eq!(Quantity::of(&LearningRateMetric::new().name()), Some(Quantity::LearningRate));
        assert_eq!(Quantity::of("BLEU"), None);
    }
}
