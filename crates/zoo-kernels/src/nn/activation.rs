use std::f64::consts::FRAC_1_SQRT_2;

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
    composed_gelu(input)
}

/// [`gelu`] of operations that any backend has. Burn's own has an exact output too, but on all
/// backends but Flex the gradient of the approximation by tanh, off by up to 9e-4.
fn composed_gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    input.clone() * ((input * FRAC_1_SQRT_2).erf() + 1.0) * 0.5
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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_composed_gelu_has_exact_gradients() {
        let device = Device::flex().autodiff();
        let input = Tensor::<1>::from_data([-1.0, 0.0, 1.0, 2.0], &device).require_grad();
        let output = composed_gelu(input.clone());
        let slopes = input.grad(&output.clone().sum().backward()).unwrap();
        let close = |found: Tensor<1>, expected: [f32; 4]| {
            let found = found.into_data().try_to_vec::<f32>().unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
            }
        };
        close(output, [-0.158_655, 0.0, 0.841_345, 1.954_5]);
        close(slopes, [-0.083_315, 0.5, 1.083_316, 1.085_232]);
    }
}
