use burn::tensor::Tensor;

/// Each image as a row, channel by channel; Burn's `flatten(1, 3)`. On all threads where the kernels apply and no
/// gradient is asked for.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - returns: `[batch, channels * height * width]`
pub fn flatten(images: Tensor<4>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::flex::applies(&images) && !images.device().is_autodiff() {
        return crate::flex::in_rows(images).flatten(1, 3);
    }
    images.flatten(1, 3)
}
