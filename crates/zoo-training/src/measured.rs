//! Loss and accuracy while training.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Loss and accuracy over some images. Two of them add up to those over both's images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Images.
    pub images: usize,
    /// The sum of their losses, in nats.
    loss: f64,
    /// Images whose most probable class is theirs.
    right: usize,
    /// Images whose class is among the k most probable, where that is counted.
    among_top_k: Option<usize>,
}

impl Measured {
    /// Of a batch.
    ///
    /// # Shapes
    /// - losses: `[batch]`
    /// - logits: `[batch, num_classes]`
    /// - targets: `[batch]`, label indices
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn of(
        losses: Tensor<1>,
        logits: Tensor<2>,
        targets: Tensor<1, Int>,
        top_k: Option<usize>,
    ) -> Result<Self, Error> {
        let failed = |error| Error::Failed(format!("the device gave up: {error}"));
        let count = |hits: Tensor<1, Int>| {
            hits.sum().try_into_scalar::<i64>().map(|count| count as usize).map_err(failed)
        };
        let images = losses.dims()[0];
        let loss = losses.mean().try_into_scalar::<f64>().map_err(failed)?;
        let predicted = logits.clone().argmax(1).squeeze_dim::<1>(1);
        let right = count(predicted.equal(targets.clone()).int())?;
        let among_top_k = match top_k {
            Some(k) => {
                let own = logits.clone().gather(1, targets.unsqueeze_dim(1));
                let above = logits.greater(own).int().sum_dim(1).squeeze_dim::<1>(1);
                Some(count(above.lower_elem(k as i64).int())?)
            }
            None => None,
        };
        Ok(Self { images, loss: loss * images as f64, right, among_top_k })
    }

    /// The mean loss in nats; NaN of no images.
    pub fn loss(&self) -> f64 {
        self.loss / self.images as f64
    }

    /// The fraction of images whose most probable class is theirs; NaN of no images.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.images as f64
    }

    /// The fraction of images whose class is among the k most probable, where that is counted.
    pub fn top_k_accuracy(&self) -> Option<f64> {
        self.among_top_k.map(|among| among as f64 / self.images as f64)
    }
}

impl std::ops::AddAssign for Measured {
    fn add_assign(&mut self, other: Self) {
        let among_top_k = match (self.images, self.among_top_k) {
            (0, _) => other.among_top_k,
            (_, before) => before.zip(other.among_top_k).map(|(before, more)| before + more),
        };
        *self = Self {
            images: self.images + other.images,
            loss: self.loss + other.loss,
            right: self.right + other.right,
            among_top_k,
        };
    }
}

#[cfg(test)]
mod tests {

    use zoo_model::host;

    use super::*;

    #[test]
    fn batches_add_up() {
        let of = |losses: &[f32], logits: &[[f32; 3]], targets: &[i64]| {
            let logits: Vec<Tensor<1>> =
                logits.iter().map(|row| Tensor::from_floats(*row, &host())).collect();
            let targets = Tensor::from_ints(targets, &host());
            let losses = Tensor::from_floats(losses, &host());
            Measured::of(losses, Tensor::stack(logits, 0), targets, Some(2)).unwrap()
        };
        let mut all = Measured::default();
        // Right; second; third.
        all += of(&[1.0, 2.0], &[[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], &[0, 1]);
        all += of(&[6.0], &[[3.0, 2.0, 1.0]], &[2]);
        assert_eq!((all.images, all.loss()), (3, 3.0));
        assert_eq!((all.accuracy(), all.top_k_accuracy()), (1.0 / 3.0, Some(2.0 / 3.0)));
    }
}
