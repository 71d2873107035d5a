use burn::tensor::Tensor;

use super::{Conv2d, relu};

/// [`relu`] of a convolution, in one pass where the kernels can: without gradients, each sum is cut off below 0
/// before it is stored.
///
/// # Shapes
/// - images: `[batch, channels_in, height_in, width_in]`
/// - returns: `[batch, channels_out, height_out, width_out]`
///
/// # Panics
/// As [`Conv2d::forward`].
pub fn conv_relu(conv: &Conv2d, images: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if conv.infers(&images) {
        let [_, _, height, width] = images.dims();
        let [features, ..] = conv.weight.dims();
        let bias = conv.bias.as_ref().map(|bias| bias.val());
        let bias = bias.unwrap_or_else(|| Tensor::zeros([features], &images.device()));
        return crate::flex::conv_relu_infer(
            [images, conv.weight.val()],
            bias,
            conv.shape([height, width]),
        );
    }
    relu(conv.forward(images))
}
