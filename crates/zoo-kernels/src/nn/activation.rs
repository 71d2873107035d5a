use burn::module::Module;
use burn::tensor::{Tensor, activation};

#[cfg(feature = "flex")]
use crate::flex::{Kernels, applies};

/// max(0, x), element by element.
pub fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if applies(&input) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_relu(
            input.into_dispatch(),
        ));
    }
    activation::relu(input)
}

/// x Φ(x) with the distribution of the standard normal Φ, element by element: the exact form of
/// [GELU](https://arxiv.org/abs/1606.08415), on Flex within 1e-6.
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if applies(&input) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_gelu(
            input.into_dispatch(),
        ));
    }
    activation::gelu(input)
}

/// exp(x) / sum exp(x) along dimension `dim`.
///
/// # Panics
/// If there is no such dimension.
pub fn softmax<const D: usize>(input: Tensor<D>, dim: usize) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if dim + 1 == D && applies(&input) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_softmax(
            input.into_dispatch(),
        ));
    }
    activation::softmax(input, dim)
}

/// [`relu`] as a module.
#[derive(Module, Debug, Default)]
pub struct Relu {}

impl Relu {
    /// The module.
    pub fn new() -> Self {
        Self {}
    }

    /// See [`relu`].
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        relu(input)
    }
}

/// [`gelu`] as a module.
#[derive(Module, Debug, Default)]
pub struct Gelu {}

impl Gelu {
    /// The module.
    pub fn new() -> Self {
        Self {}
    }

    /// See [`gelu`].
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        gelu(input)
    }
}
