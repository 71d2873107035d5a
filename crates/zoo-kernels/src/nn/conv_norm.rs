use burn::tensor::Tensor;

use super::{BatchNorm, Conv2d, MaxPool2d};
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

/// `pool` of [`conv_norm_relu`], in the same pass: each image is pooled while it is in the cache.
///
/// # Shapes
/// - images: `[batch, channels_in, height_in, width_in]`
/// - returns: `[batch, channels_out, height_out, width_out]`, of the size that the pooling leaves
///
/// # Panics
/// As [`conv_norm`], and if a window is larger than what it pools.
pub fn conv_norm_relu_pool(
    conv: &Conv2d,
    norm: &BatchNorm,
    pool: &MaxPool2d,
    images: Tensor<4>,
) -> Tensor<4> {
    run(conv, norm, images, After::ReluPool(pool))
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
enum After<'a> {
    Nothing,
    Relu,
    ReluPool(&'a MaxPool2d),
    AddRelu(Tensor<4>),
}

fn run(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>, after: After<'_>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if folds(conv, norm, &images) {
        return folded(conv, norm, images, after);
    }
    let images = conv.forward(images);
    match after {
        After::Nothing => norm.forward(images),
        After::Relu => norm.forward_relu(images),
        After::ReluPool(pool) => pool.forward(norm.forward_relu(images)),
        After::AddRelu(shortcut) => norm.forward_add_relu(images, shortcut),
    }
}

/// Whether the kernels can do it in one pass.
#[cfg(feature = "flex")]
fn folds(conv: &Conv2d, norm: &BatchNorm, images: &Tensor<4>) -> bool {
    conv.bias.is_none() && conv.infers(images) && !norm.gamma.val().device().is_autodiff()
}

#[cfg(feature = "flex")]
fn folded(conv: &Conv2d, norm: &BatchNorm, images: Tensor<4>, after: After<'_>) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let shape = conv.shape([height, width]);
    let mut windows = None;
    let (shortcut, relu) = match after {
        After::Nothing => (None, false),
        After::Relu => (None, true),
        After::AddRelu(shortcut) => (Some(shortcut), true),
        After::ReluPool(pool) => {
            windows = pool.windows(conv.output([height, width]));
            if windows.is_none() {
                return pool.forward(folded(conv, norm, images, After::Relu));
            }
            (None, true)
        }
    };
    let running = [&norm.running_mean, &norm.running_var];
    let [mean, variance] = running.map(|running| running.value().to_device(&images.device()));
    let parameters = [norm.gamma.val(), norm.beta.val(), mean, variance];
    let after = (shortcut, relu, windows);
    flex::conv_norm_infer([images, conv.weight.val()], parameters, norm.epsilon, shape, after)
}
