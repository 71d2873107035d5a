//! What a plain Burn module must tell the runner in order to be trained by it.

use burn::{
    module::{Module, ModuleDisplay},
    tensor::Tensor,
};

/// An image classifier. Implemented here for the models of the zoo, which do not know the runner.
pub trait Classifier: Module + ModuleDisplay + 'static {
    /// Class scores: `[batch, channels, height, width]` to `[batch, num_classes]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}
