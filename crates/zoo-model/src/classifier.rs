//! What a plain Burn module must tell the runner in order to be trained and explained by it.

use burn::{
    module::{Module, ModuleDisplay},
    tensor::Tensor,
};
use zoo_kernels::nn::{Conv2d, Tap};

/// An image classifier that can be trained. Implemented here for the models of the zoo, which do not
/// know the runner, and by whoever brings a module of their own.
pub trait Classifier: Module + ModuleDisplay + 'static {
    /// Class scores, with a look at what the layers give.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - returns: `[batch, num_classes]`
    fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2>;

    /// Class scores: `[batch, channels, height, width]` to `[batch, num_classes]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// The layers from the images to the head, each by the paths of its modules and parameters. The
    /// last path is that of the head.
    fn layers(&self) -> Vec<Vec<String>>;
}

/// A classifier of which can be shown where it looks and what its first layer has learned.
pub trait Explainable: Classifier {
    /// The layer whose features Grad-CAM weighs, as a [`Tap`] hears of it.
    fn cam_layer(&self) -> String;

    /// The convolution that sees the pixels.
    fn first_convolution(&self) -> &Conv2d;
}
