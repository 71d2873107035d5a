use burn::{
    module::{Param, ParamId},
    nn::Initializer,
    tensor::{Device, Distribution, Shape, Tensor},
};
use zoo_kernels::nn::Linear;

/// erf(√2): the share of a normal distribution within two deviations of its mean.
const WITHIN_TWO_DEVIATIONS: f64 = 0.954_499_736_103_641_6;

/// A linear layer with weights from [`truncated_normal`] and biases of 0.
pub(crate) fn linear(input: usize, output: usize, deviation: f64, device: &Device) -> Linear {
    Linear {
        weight: truncated_normal([input, output], deviation, device),
        bias: Some(Initializer::Zeros.init([output], device)),
    }
}

/// A parameter from a normal distribution about 0 cut at two deviations, so that what is left
/// deviates by 0.88 times `deviation`.
///
/// timm asks its `trunc_normal_` for a deviation of 0.02 but passes the cuts as absolute values, -2
/// and 2, which cut nothing.
pub(crate) fn truncated_normal<const D: usize>(
    shape: [usize; D],
    deviation: f64,
    device: &Device,
) -> Param<Tensor<D>> {
    let draw = move |device: &Device, require_grad| {
        let share = Distribution::Uniform(-WITHIN_TWO_DEVIATIONS, WITHIN_TWO_DEVIATIONS);
        let uniform = Tensor::<D>::random(shape, share, device);
        let normal = inverse_erf(uniform) * (2f64.sqrt() * deviation);
        normal.set_require_grad(require_grad)
    };
    // Drawn when first used, as Burn's own initialisers are: counting parameters needs no memory.
    Param::uninitialized(ParamId::new(), draw, device.clone(), true, Shape::from(shape))
}

/// The inverse of the error function, for arguments within ±0.996: the central branch of Giles,
/// "Approximating the erfinv function" (GPU Computing Gems, 2012), in single precision.
fn inverse_erf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    const COEFFICIENTS: [f64; 8] = [
        3.43273939e-07,
        -3.5233877e-06,
        -4.39150654e-06,
        0.00021858087,
        -0.00125372503,
        -0.00417768164,
        0.246640727,
        1.50140941,
    ];
    let w = (x.clone().square().neg() + 1.0).log().neg() - 2.5;
    let first = w.clone() * 2.81022636e-08 + COEFFICIENTS[0];
    let sum = COEFFICIENTS[1..].iter().fold(first, |sum, &next| sum * w.clone() + next);
    sum * x
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};

    use super::*;

    #[test]
    fn inverse_erf_agrees_with_tables() {
        let x = Tensor::<1>::from_floats([-0.95, -0.5, 0.0, 0.1, 0.9], &Device::flex());
        let expected =
            TensorData::from([-1.385_903_8f32, -0.476_936_28, 0.0, 0.088_855_99, 1.163_087_2]);
        inverse_erf(x)
            .into_data()
            .assert_approx_eq::<f32>(&expected, Tolerance::rel_abs(1e-6, 1e-7));
    }

    #[test]
    fn weights_have_the_moments_of_a_cut_normal_distribution() {
        let weights = truncated_normal([1000, 1000], 0.02, &Device::flex()).val();
        let weights: Vec<f32> = weights.into_data().iter().collect();
        let mean_of = |function: fn(f64) -> f64| {
            weights.iter().map(|&weight| function(f64::from(weight) / 0.02)).sum::<f64>() / 1e6
        };
        assert!(weights.iter().all(|weight| f64::from(weight.abs()) < 2.000_01 * 0.02));
        assert!(mean_of(|x| x).abs() < 0.005);
        // 1 - 4 φ(2) / erf(√2), and erf(1 / √2) / erf(√2).
        assert!((mean_of(|x| x * x) - 0.773_741).abs() < 0.005);
        assert!((mean_of(|x| f64::from(x.abs() < 1.0)) - 0.715_233).abs() < 0.003);
    }

    #[test]
    fn weights_train_on_an_autodiff_device_and_are_drawn_late() {
        let weights = truncated_normal([2, 3], 0.02, &Device::flex().autodiff());
        assert!(!weights.is_initialized());
        assert_eq!(weights.lazy_shape(), Shape::from([2, 3]));
        let gradients = (weights.val() * 3.0).sum().backward();
        let gradient = weights.val().grad(&gradients).map(|gradient| gradient.into_data());
        assert_eq!(gradient, Some(TensorData::from([[3f32; 3]; 2])));
    }
}
