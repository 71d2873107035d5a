//! What the head of a network sees in images.

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Int, Tensor},
};
use indicatif::ProgressBar;
use zoo_data::Loader;
use zoo_model::{AnyModel, host};

use crate::{Error, Stop};

/// What the head of a network sees in the images of a split, on the host.
pub struct Features {
    /// `[images, features]`.
    pub values: Tensor<2>,
    /// Label indices, `[images]`.
    pub labels: Tensor<1, Int>,
}

/// What brings features to a mean of 0 and a deviation of 1.
pub struct Scale {
    /// `[1, features]`.
    mean: Tensor<2>,
    /// `[1, features]`, above 0.
    deviation: Tensor<2>,
}

impl Features {
    /// Runs `model` once over all images of `loader`. `None` if it was stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read, the device gives up, or what it sees are no
    /// numbers.
    pub fn of(
        model: &AnyModel,
        loader: &Loader,
        bar: ProgressBar,
        stop: &Stop,
    ) -> Result<Option<Self>, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for batch in loader.epoch(0, 0) {
            if stop.is_requested() {
                return Ok(None);
            }
            let batch = batch.map_err(|error| failed(&error))?;
            let seen = model.features(batch.images);
            let seen = seen.try_into_data().map_err(|error| failed(&error))?;
            if !seen.iter::<f32>().all(f32::is_finite) {
                return Err(Error::Failed(String::from(
                    "what the network sees in the images is not all finite numbers: no head can be fitted to it",
                )));
            }
            let targets = batch.targets.try_into_data().map_err(|error| failed(&error))?;
            // Devices differ in their types of numbers; the host has one.
            values.push(Tensor::from_data(seen.convert::<f32>(), &host()));
            labels.push(Tensor::from_data(targets.convert::<i64>(), &host()));
            bar.inc(batch.indices.len() as u64);
        }
        bar.finish_and_clear();
        Ok(Some(Self { values: Tensor::cat(values, 0), labels: Tensor::cat(labels, 0) }))
    }

    /// The label of each image.
    pub(super) fn labels_on_host(&self) -> Vec<usize> {
        self.labels.clone().into_data().iter::<i64>().map(|label| label as usize).collect()
    }

    /// What brings these features to a mean of 0 and a deviation of 1. One that never changes is
    /// left as it is.
    pub fn scale(&self) -> Scale {
        let mean = self.values.clone().mean_dim(0);
        let variance = (self.values.clone() - mean.clone()).powi_scalar(2).mean_dim(0);
        let constant = variance.clone().lower_elem(1e-12);
        Scale { mean, deviation: variance.sqrt().mask_fill(constant, 1.0) }
    }
}

impl Scale {
    /// The features with that mean and deviation.
    pub fn apply(&self, features: Tensor<2>) -> Tensor<2> {
        (features - self.mean.clone()) / self.deviation.clone()
    }

    /// The head that makes of features what `head` makes of the scaled ones.
    pub fn undo(&self, head: Linear) -> Linear {
        let weight = head.weight.val().without_autodiff() / self.deviation.clone().transpose();
        let shift = self.mean.clone().matmul(weight.clone()).squeeze_dim::<1>(0);
        let bias = head.bias.map(|bias| Param::from_tensor(bias.val().without_autodiff() - shift));
        Linear { weight: Param::from_tensor(weight), bias }
    }
}
