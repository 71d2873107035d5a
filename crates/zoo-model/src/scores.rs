//! What a network says of images, on the host.

use burn::tensor::{Tensor, activation::softmax};

use crate::Error;

/// What is said where scores are no numbers.
pub const NO_ANSWER: &str = "the network's scores are not all finite numbers";

/// What a network says of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The score of each class, before the softmax.
    pub logits: Vec<f32>,
    /// The probability of each class, 0 to 1; they add up to 1.
    pub probabilities: Vec<f32>,
}

impl Scores {
    /// Of each image of a batch, from its logits, `[batch, num_classes]`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn of(logits: Tensor<2>) -> Result<Vec<Self>, Error> {
        let probabilities = rows(softmax(logits.clone(), 1))?;
        let both = rows(logits)?.into_iter().zip(probabilities);
        Ok(both.map(|(logits, probabilities)| Self { logits, probabilities }).collect())
    }

    /// Whether the scores are numbers, so that one can be the largest.
    pub fn is_answer(&self) -> bool {
        is_answer(&self.logits)
    }

    /// Labels from the most to the least probable; equal ones in the order of labels.
    pub fn ranking(&self) -> Vec<usize> {
        ranking(&self.logits)
    }
}

/// Whether the logits of an image are numbers, so that one can be the largest.
pub fn is_answer(logits: &[f32]) -> bool {
    logits.iter().all(|logit| logit.is_finite())
}

/// Places of the largest to the least of some numbers; equal ones in their order.
pub fn ranking(scores: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    places
}

/// The rows of a matrix on the host.
///
/// # Errors
///
/// [`Error::Failed`] if the device gives up.
pub fn rows(matrix: Tensor<2>) -> Result<Vec<Vec<f32>>, Error> {
    let [_, columns] = matrix.dims();
    let data = matrix
        .try_into_data()
        .map_err(|error| Error::Failed(format!("the device gave no result: {error}")))?;
    let values: Vec<f32> = data.iter::<f32>().collect();
    Ok(values.chunks(columns).map(<[f32]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;

    #[test]
    fn scores_have_probabilities_and_a_ranking() {
        let logits = Tensor::<2>::from_floats([[1.0, 2.0, 2.0], [f32::NAN, 0.0, 0.0]], &host());
        let scores = Scores::of(logits).unwrap();
        assert_eq!(scores[0].ranking(), [1, 2, 0]);
        let probability = 1.0 / (2.0 + (-1.0_f32).exp());
        assert!((scores[0].probabilities[1] - probability).abs() < 1e-6);
        assert_eq!(scores.iter().map(Scores::is_answer).collect::<Vec<_>>(), [true, false]);
    }
}
