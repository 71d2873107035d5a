//! What a plain Burn module must tell the runner in order to be trained by it.

use burn::{
    module::{Module, ModuleDisplay},
    tensor::Tensor,
};
use zoo_kernels::nn::{Conv2d, Tap};

/// An image classifier. Implemented here for the models of the zoo, which do not know the runner.
pub trait Classifier: Module + ModuleDisplay + 'static {
    /// Class scores: `[batch, channels, height, width]` to `[batch, num_classes]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// The same with a look at what the layers give.
    fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2>;

    /// The layers from the images to the head, each by the paths of its modules and parameters.
    fn layers(&self) -> Vec<Vec<String>>;

    /// The layer whose features Grad-CAM weighs, as a [`Tap`] hears of it.
    fn cam_layer(&self) -> String;

    /// The convolution that sees the pixels.
    fn first_convolution(&self) -> &Conv2d;
}
