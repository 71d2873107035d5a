use burn::tensor::Tensor;

use super::{BatchNorm, Conv2d};
#[cfg(feature = "flex")]
use crate::flex;

/// The normalisation of a convolution, in one pass where the kernels can: outside training, each
/// sum is scaled before it is stored.
///
/// # Shapes
/// - images: `[batch, channels_in, height_in, width_in]`
/// - returns: `[batch, channels_out, height_out, width_out]`
///
/// # Panics
/// As [`Conv2d::forward`] and [`BatchNorm::forward`].
pub fn conv_norm(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>) -> Tensor<4> {
    run(conv, norm, images, After::Nothing)
}

/// [`relu`](super::relu) of [`conv_norm`], in the same pass.
///
/// # Panics
/// As [`conv_norm`].
pub fn conv_norm_relu(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>) -> Tensor<4> {
    run(conv, norm, images, After::Relu)
}

/// [`relu`](super::relu) of `shortcut` plus [`conv_norm`], in the same pass: the end of a residual block.
///
/// # Panics
/// As [`conv_norm`], and if `shortcut` has another shape than the output.
pub fn conv_norm_add_relu(
    conv: &Conv2d,
    norm: &BatchNorm,
    images: Tensor<4>,
    shortcut: Tensor<4>,
) -> Tensor<4> {
    run(conv, norm, images, After::AddRelu(shortcut))
}

/// What follows the normalisation.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
enum After {
    Nothing,
    Relu,
    AddRelu(Tensor<4>),
}

fn run(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>, after: After) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if folds(conv, norm, &images) {
        return folded(conv, norm, images, after);
    }
    let images = conv.forward(images);
    match after {
        After::Nothing => norm.forward(images),
        After::Relu => norm.forward_relu(images),
        After::AddRelu(shortcut) => norm.forward_add_relu(images, shortcut),
    }
}

/// Whether the kernels can do it in one pass.
#[cfg(feature = "flex")]
fn folds(conv: &Conv2d, norm: &BatchNorm, images: &Tensor<4>) -> bool {
    conv.bias.is_none() && conv.infers(images) && !norm.gamma.val().device().is_autodiff()
}

#[cfg(feature = "flex")]
fn folded(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>, after: After) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let shape = conv.shape([height, width]);
    let after = match after {
        After::Nothing => (None, false),
        After::Relu => (None, true),
        After::AddRelu(shortcut) => (Some(shortcut), true),
    };
    let running = [&norm.running_mean, &norm.running_var];
    let [mean, variance] = running.map(|running| running.value().to_device(&images.device()));
    let parameters = [norm.gamma.val(), norm.beta.val(), mean, variance];
    flex::conv_norm_infer([images, conv.weight.val()], parameters, norm.epsilon, shape, after)
}
