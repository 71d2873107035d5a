//! Augmentation at test time: several views of an image, and the mean of what a network says of them.

use burn::tensor::Tensor;

/// Class scores of images, the mean of those of each image and of its mirrored form.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - returns: `[batch, num_classes]`
pub fn flipped_too(logits: impl Fn(Tensor<4>) -> Tensor<2>, images: Tensor<4>) -> Tensor<2> {
    let mirrored = images.clone().flip([3]);
    (logits(images) + logits(mirrored)) * 0.5
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::backend::host;

    #[test]
    fn both_sides_count_alike() {
        let images = Tensor::<4>::from_floats([[[[1.0, 2.0, 6.0]]], [[[0.0, 4.0, 8.0]]]], &host());
        // A network that sees the two pixels on the left.
        let left = |images: Tensor<4>| images.slice([0..2, 0..1, 0..1, 0..2]).reshape([2, 2]);
        let logits = flipped_too(left, images).into_data();
        assert_eq!(logits, TensorData::from([[3.5_f32, 2.0], [4.0, 4.0]]));
    }
}
