//! What features are worth before a head is fitted to them: how often the nearest images, or the nearest
//! mean of a class, show the right class.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use zoo_model::rows;

use super::features::Features;
use crate::Error;

/// How many neighbours are asked, as in DINO (<https://arxiv.org/abs/2104.14294>).
const NEIGHBOURS: usize = 20;
/// How fast the votes of neighbours fall with their distance, as there.
const TEMPERATURE: f64 = 0.07;
/// How many images are compared with all train images at once.
const AT_ONCE: usize = 256;

/// How often features alone tell the class of the images of the valid split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    /// By the nearest mean of a class, after the mean of all train images is subtracted and the length
    /// made 1: SimpleShot's CL2N, <https://arxiv.org/abs/1911.04623>.
    pub nearest_centroid_accuracy: f64,
    /// By the votes of the nearest train images.
    pub knn_accuracy: f64,
    /// How many images vote.
    pub k: usize,
}

impl Glance {
    /// Tells the classes of `valid` by the features of `train`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn at(train: &Features, valid: &Features, num_classes: usize) -> Result<Self, Error> {
        let [train_labels, valid_labels] = [train, valid].map(Features::labels_on_host);
        let accuracy = |predicted: &[usize]| {
            let right = predicted.iter().zip(&valid_labels).filter(|(a, b)| a == b).count();
            right as f64 / valid_labels.len().max(1) as f64
        };
        let mean = train.values.clone().mean_dim(0);
        let centred = |values: &Tensor<2>| unit(values.clone() - mean.clone());
        let centroids = centroids(&rows(centred(&train.values))?, &train_labels, num_classes);
        let nearest: Vec<usize> =
            rows(centred(&valid.values))?.iter().map(|image| nearest(image, &centroids)).collect();
        let k = NEIGHBOURS.min(train_labels.len());
        let similar = unit(train.values.clone()).transpose();
        let mut voted = Vec::with_capacity(valid_labels.len());
        for images in unit(valid.values.clone()).split(AT_ONCE, 0) {
            for similarities in rows(images.matmul(similar.clone()))? {
                voted.push(vote(&similarities, &train_labels, k, num_classes));
            }
        }
        Ok(Self {
            nearest_centroid_accuracy: accuracy(&nearest),
            knn_accuracy: accuracy(&voted),
            k,
        })
    }
}

/// Rows of length 1; one of zeros stays.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = rows.clone().powi_scalar(2).sum_dim(1).sqrt().clamp_min(1e-12);
    rows / length
}

/// The mean of each class; `None` for one without images.
fn centroids(images: &[Vec<f32>], labels: &[usize], num_classes: usize) -> Vec<Option<Vec<f64>>> {
    let mut sums: Vec<Option<(Vec<f64>, f64)>> = vec![None; num_classes];
    for (image, &label) in images.iter().zip(labels) {
        let (sum, count) = sums[label].get_or_insert_with(|| (vec![0.0; image.len()], 0.0));
        sum.iter_mut().zip(image).for_each(|(sum, value)| *sum += f64::from(*value));
        *count += 1.0;
    }
    let mean = |(sum, count): (Vec<f64>, f64)| sum.into_iter().map(|sum| sum / count).collect();
    sums.into_iter().map(|sum| sum.map(mean)).collect()
}

/// The class whose mean is nearest, the first of several.
fn nearest(image: &[f32], centroids: &[Option<Vec<f64>>]) -> usize {
    let distance = |centroid: &Vec<f64>| {
        let squares = image.iter().zip(centroid).map(|(a, b)| (f64::from(*a) - b).powi(2));
        squares.sum::<f64>()
    };
    let distances = centroids.iter().enumerate();
    let distances = distances.filter_map(|(label, mean)| Some((label, distance(mean.as_ref()?))));
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(label, _)| label)
}

/// The class for which the `k` most similar images vote, each the more the more similar it is.
fn vote(similarities: &[f32], labels: &[usize], k: usize, num_classes: usize) -> usize {
    let mut order: Vec<usize> = (0..similarities.len()).collect();
    let nearer =
        |&a: &usize, &b: &usize| similarities[b].total_cmp(&similarities[a]).then(a.cmp(&b));
    if k < order.len() {
        order.select_nth_unstable_by(k, nearer);
    }
    let mut votes = vec![0.0; num_classes];
    for &index in &order[..k] {
        votes[labels[index]] += (f64::from(similarities[index]) / TEMPERATURE).exp();
    }
    let best = votes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(label, _)| label)
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use zoo_model::host;

    fn features(values: &[[f32; 2]], labels: &[i64]) -> Features {
        let flat: Vec<f32> = values.concat();
        Features {
            values: Tensor::from_data(TensorData::new(flat, [values.len(), 2]), &host()),
            labels: Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &host()),
        }
    }

    /// By hand: class 0 points right, class 1 up; the last image is of class 0 and points up.
    #[test]
    fn accuracies_are_of_the_nearest() {
        let train = features(&[[4.0, 0.0], [2.0, 0.1], [0.0, 3.0], [0.1, 1.0]], &[0, 0, 1, 1]);
        let valid = features(&[[1.0, 0.2], [0.2, 1.0], [0.3, 5.0]], &[0, 1, 0]);
        let glance = Glance::at(&train, &valid, 2).unwrap();
        let expected =
            Glance { nearest_centroid_accuracy: 2.0 / 3.0, knn_accuracy: 2.0 / 3.0, k: 4 };
        assert_eq!(glance, expected);
        // A class without a train image is no one's neighbour.
        assert_eq!(Glance::at(&train, &valid, 5).unwrap(), expected);
    }

    #[test]
    fn near_images_vote_more_than_far_ones() {
        // Two of class 1 at a distance, one of class 0 that is nearly the same.
        assert_eq!(vote(&[0.99, 0.5, 0.5, -1.0], &[0, 1, 1, 1], 3, 2), 0);
        assert_eq!(vote(&[0.60, 0.59, 0.59, -1.0], &[0, 1, 1, 1], 3, 2), 1);
        // Only the nearest votes.
        assert_eq!(vote(&[0.60, 0.59, 0.59, -1.0], &[0, 1, 1, 1], 1, 2), 0);
    }
}
