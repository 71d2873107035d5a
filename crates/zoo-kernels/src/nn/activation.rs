use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use burn::{
    module::Module,
    tensor::{Tensor, activation},
};

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

/// 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), element by element: the approximation of
/// [GELU](https://arxiv.org/abs/1606.08415) by tanh, off by up to 5e-4.
pub fn gelu_tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    // (1 + tanh(u)) / 2 is σ(2u), and 2 √(2/π) is √2 times 2/√π.
    let cubic = (input.clone().square() * 0.044_715 + 1.0) * input.clone();
    gated(input, cubic * (SQRT_2 * FRAC_2_SQRT_PI))
}

/// x σ(1.702 x), element by element: the approximation of [GELU](https://arxiv.org/abs/1606.08415)
/// by the sigmoid, which CLIP has, off by up to 0.021.
pub fn quick_gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    gated(input.clone(), input * 1.702)
}

/// x σ(x), element by element: SiLU, also called [Swish](https://arxiv.org/abs/1710.05941).
pub fn silu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    gated(input.clone(), input)
}

/// `input` σ(`gate`), of operations that any backend has.
fn gated<const D: usize>(input: Tensor<D>, gate: Tensor<D>) -> Tensor<D> {
    input * activation::sigmoid(gate)
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
    /// Values and slopes of PyTorch's `gelu` with `approximate="tanh"`, of `x * sigmoid(1.702 * x)` and
    /// of its `silu`, at -30, -2, -0.5, 0, 0.5 and 3.
    #[test]
    fn gated_activations_are_pytorchs() {
        type Activation = fn(Tensor<1>) -> Tensor<1>;
        let cases: [(Activation, [f32; 6], [f32; 6]); 3] = [
            (
                gelu_tanh,
                [-0.000000, -0.045402, -0.154286, 0.000000, 0.345714, 2.996363],
                [0.000000, -0.086099, 0.132630, 0.500000, 0.867370, 1.011584],
            ),
            (
                quick_gelu,
                [-0.000000, -0.064341, -0.149612, 0.000000, 0.350388, 2.981929],
                [-0.000000, -0.073815, 0.120778, 0.500000, 0.879222, 1.024548],
            ),
            (
                silu,
                [-0.000000, -0.238406, -0.188770, 0.000000, 0.311230, 2.857722],
                [-0.000000, -0.090784, 0.260039, 0.500000, 0.739961, 1.088104],
            ),
        ];
        let device = Device::flex().autodiff();
        for (activation, values, slopes) in cases {
            let input = [-30.0, -2.0, -0.5, 0.0, 0.5, 3.0];
            let input = Tensor::<1>::from_data(input, &device).require_grad();
            let output = activation(input.clone());
            let found = input.grad(&output.clone().sum().backward()).unwrap();
            let close = |found: Tensor<1>, expected: [f32; 6]| {
                let tolerance = burn::tensor::Tolerance::absolute(2e-6);
                found.into_data().assert_approx_eq::<f32>(&expected.into(), tolerance);
            };
            close(output, values);
            close(found, slopes);
        }
    }
}
