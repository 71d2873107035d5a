//! Kernels for the Flex backend.

mod activation;
mod attention;
mod autodiff;
mod batch_norm;
mod bf16;
mod conv;
mod epilogue;
mod fork;
mod kept;
mod layer_norm;
mod linear;
mod lrn;
mod matmul;
mod mlp;
mod ops;
mod panels;
mod parallel;
mod pool;
mod reduce;
mod scaled_sum;
mod scratch;
mod simd;
mod softmax;
mod step;
mod tensor;
mod tile;

pub(crate) use bf16::{amx_is_refused, instructions as bf16_instructions};
pub(crate) use conv::ConvShape;
pub(crate) use lrn::Response;
pub(crate) use ops::{Kernels, applies, is_flex, is_held};
pub(crate) use pool::PoolShape;
pub(crate) use step::{AdamWStep, SgdStep, adamw_step, sgd_step};

/// Pixels of the largest window whose winner fits a byte.
pub(crate) const LARGEST_WINDOW: usize = 256;

/// `tensor`, on Flex without gradients, with its numbers rounded to bf16 and held so.
///
/// # Panics
/// If it is elsewhere.
pub(crate) fn narrowed<const D: usize>(tensor: burn::tensor::Tensor<D>) -> burn::tensor::Tensor<D> {
    let narrowed = bf16::narrowed(ops::primitive(tensor));
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(narrowed)
}

/// A convolution, batch normalisation by given gamma, beta, mean and variance, the addition of a
/// shortcut, ReLU and max pooling, on Flex without gradients: all in one pass.
///
/// # Panics
/// If the tensors are elsewhere.
pub(crate) fn conv_norm_infer(
    [input, weight]: [burn::tensor::Tensor<4>; 2],
    parameters: [burn::tensor::Tensor<1>; 4],
    epsilon: f64,
    shape: ConvShape,
    (shortcut, relu, pool): (Option<burn::tensor::Tensor<4>>, bool, Option<PoolShape>),
) -> burn::tensor::Tensor<4> {
    let coefficients = batch_norm::given(parameters.map(ops::primitive), epsilon);
    let shortcut = shortcut.map(ops::primitive);
    let (input, weight) = (ops::primitive(input), ops::primitive(weight));
    let precision = crate::Precision::current();
    let after = (shortcut, relu, pool);
    let output = conv::forward_scaled(input, weight, &coefficients, (shape, precision), after);
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(output)
}

/// The ReLU of a convolution with a bias, then max pooling if any, on Flex without gradients, in one pass.
///
/// # Panics
/// If the tensors are elsewhere.
pub(crate) fn conv_relu_infer(
    [input, weight]: [burn::tensor::Tensor<4>; 2],
    bias: burn::tensor::Tensor<1>,
    shapes: (ConvShape, Option<PoolShape>),
) -> burn::tensor::Tensor<4> {
    let operands = [ops::primitive(input), ops::primitive(weight), ops::primitive(bias)];
    let output = conv::forward_relu(operands, shapes, crate::Precision::current());
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(output)
}

/// Two linear layers, each with weights and a bias, with a GELU between them, on Flex without gradients.
///
/// # Panics
/// If the tensors are elsewhere.
pub(crate) fn mlp_infer<const D: usize>(
    input: burn::tensor::Tensor<D>,
    layers: [(burn::tensor::Tensor<2>, burn::tensor::Tensor<1>); 2],
) -> burn::tensor::Tensor<D> {
    let layers = layers.map(|(weight, bias)| [ops::primitive(weight), ops::primitive(bias)]);
    let output = mlp::forward(ops::primitive(input), layers, crate::Precision::current());
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(output)
}

/// The images, on Flex without gradients, in row-major order.
///
/// # Panics
/// If they are elsewhere.
pub(crate) fn in_rows(images: burn::tensor::Tensor<4>) -> burn::tensor::Tensor<4> {
    let images = tensor::into_row_major(ops::primitive(images));
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(images)
}

/// Batch normalisation by given gamma, beta, mean and variance, on Flex without gradients.
///
/// # Panics
/// If the tensors are elsewhere.
pub(crate) fn batch_norm_infer<const D: usize>(
    input: burn::tensor::Tensor<D>,
    parameters: [burn::tensor::Tensor<1>; 4],
    epsilon: f64,
    relu: bool,
) -> burn::tensor::Tensor<D> {
    let output =
        batch_norm::infer(ops::primitive(input), parameters.map(ops::primitive), epsilon, relu);
    burn::tensor::Tensor::from_primitive::<burn::backend::Flex>(output)
}
