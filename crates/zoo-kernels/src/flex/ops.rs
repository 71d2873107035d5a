//! The operations as an extension of Burn's backends: Flex and Flex with gradients have them.

use burn::{
    backend::{
        Autodiff, Backend, DispatchDevice, Flex,
        autodiff::checkpoint::strategy::CheckpointStrategy, backend_extension, tensor::FloatTensor,
    },
    tensor::{DType, Device, Tensor},
};

use super::{
    activation, attention, batch_norm,
    conv::{self, ConvShape},
    fork, layer_norm, linear,
    lrn::{self, Response},
    pool::{self, PoolShape},
    scaled_sum, softmax,
};
use crate::Precision;

/// Whether the kernels can work on `tensor`: 32-bit floats on the Flex backend, at least one of
/// them.
pub(crate) fn applies<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_flex(&tensor.device()) && tensor.dtype() == DType::F32 && tensor.shape().num_elements() > 0
}

/// Whether `tensor` is of weights that are held in bf16 on the Flex backend.
pub(crate) fn is_held<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_flex(&tensor.device()) && tensor.dtype() == DType::BF16 && tensor.shape().num_elements() > 0
}

/// Whether a device is Flex, with or without gradients.
pub(crate) fn is_flex(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Flex(_)),
        device => matches!(device, DispatchDevice::Flex(_)),
    }
}

/// What every kernel computes; see the module of its name. Callers ask [`applies`] first.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Kernels: Backend {
    fn zoo_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn zoo_max_pool2d(input: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self>;

    /// Output, mean and variance.
    fn zoo_batch_norm_train(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Output, mean and variance.
    fn zoo_batch_norm_train_add_relu(
        input: FloatTensor<Self>,
        shortcut: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn zoo_layer_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    fn zoo_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// The input twice.
    fn zoo_fork(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn zoo_add(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The first and the second times the third, which has a value for each feature.
    fn zoo_add_scaled(
        around: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        factors: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn zoo_relu(input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn zoo_gelu(input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn zoo_softmax(input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn zoo_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn zoo_self_attention(
        input: FloatTensor<Self>,
        heads: usize,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn zoo_local_response_norm(input: FloatTensor<Self>, response: Response) -> FloatTensor<Self>;
}

/// Implements [`Kernels`] for Flex and for Flex with gradients, each operation by a function for
/// the one and for the other.
macro_rules! kernels {
    ($($name:ident($($argument:ident: $type:ty),*) -> $output:ty => $module:ident::{$plain:ident, $tracked:ident};)*) => {
        impl Kernels for Flex {
            $(fn $name($($argument: $type),*) -> $output { $module::$plain($($argument),*) })*
        }

        impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
            $(fn $name($($argument: $type),*) -> $output { $module::$tracked::<C>($($argument),*) })*
        }
    };
}

kernels! {
    zoo_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
        precision: Precision
    ) -> FloatTensor<Self> => conv::{forward, tracked};
    zoo_max_pool2d(input: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> => pool::{forward, tracked};
    zoo_batch_norm_train(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) => batch_norm::{train, tracked};
    zoo_batch_norm_train_add_relu(
        input: FloatTensor<Self>,
        shortcut: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>)
        => batch_norm::{train_add_relu, tracked_add_relu};
    zoo_layer_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64
    ) -> FloatTensor<Self> => layer_norm::{forward, tracked};
    zoo_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision
    ) -> FloatTensor<Self> => linear::{forward, tracked};
    zoo_fork(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) => fork::{fork, fork_tracked};
    zoo_add(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> => fork::{sum, sum_tracked};
    zoo_add_scaled(
        around: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        factors: FloatTensor<Self>
    ) -> FloatTensor<Self> => scaled_sum::{forward, tracked};
    zoo_relu(input: FloatTensor<Self>) -> FloatTensor<Self> => activation::{relu, relu_tracked};
    zoo_gelu(input: FloatTensor<Self>) -> FloatTensor<Self> => activation::{gelu, gelu_tracked};
    zoo_softmax(input: FloatTensor<Self>) -> FloatTensor<Self> => softmax::{forward, tracked};
    zoo_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        precision: Precision
    ) -> FloatTensor<Self> => attention::{attention, attention_tracked};
    zoo_self_attention(input: FloatTensor<Self>, heads: usize, precision: Precision) -> FloatTensor<Self>
        => attention::{self_attention, self_attention_tracked};
    zoo_local_response_norm(input: FloatTensor<Self>, response: Response) -> FloatTensor<Self>
        => lrn::{forward, tracked};
}

/// The Flex tensor that `tensor` is.
///
/// # Panics
/// If it is on another backend or on an autodiff device.
pub(crate) fn primitive<const D: usize>(tensor: Tensor<D>) -> FloatTensor<Flex> {
    match tensor.try_into_primitive::<Flex>() {
        Ok(tensor) => tensor,
        Err(error) => panic!("the tensor is not on the Flex backend: {error:?}"),
    }
}
