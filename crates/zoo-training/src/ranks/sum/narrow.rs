//! Gradients in bf16: half the bytes on the wire.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, TensorData, bf16},
};

use super::floats;

/// Rounds each number to the nearest bf16, halves to even.
pub(super) fn round(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = bf16::from_f32(*value).to_f32());
}

/// Numbers in 16 bits each.
#[cfg(feature = "mpi")]
pub(super) fn narrow(values: &[f32]) -> Vec<u16> {
    values.iter().map(|&value| bf16::from_f32(value).to_bits()).collect()
}

/// What [`narrow`] has made of numbers that were rounded before.
#[cfg(feature = "mpi")]
pub(super) fn widen(narrow: &[u16], values: &mut [f32]) {
    for (value, &bits) in values.iter_mut().zip(narrow) {
        *value = bf16::from_bits(bits).to_f32();
    }
}

/// The gradients of a network, rounded.
pub(super) fn rounded<M: Module>(model: &M, gradients: GradientsParams) -> GradientsParams {
    let mut rounding = Rounding { exact: gradients, rounded: GradientsParams::new() };
    model.visit(&mut rounding);
    rounding.rounded
}

struct Rounding {
    exact: GradientsParams,
    rounded: GradientsParams,
}

impl ModuleVisitor for Rounding {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.exact.remove::<D>(param.id) {
            let (shape, device) = (gradient.shape(), gradient.device());
            let mut values = floats(gradient);
            round(&mut values);
            let gradient = Tensor::<D>::from_data(TensorData::new(values, shape), &device);
            self.rounded.register(param.id, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_halves_to_even() {
        // Near 1 the numbers of bf16 are 1/128 apart.
        let apart = 1.0 / 128.0;
        let mut values = [1.0 + apart / 2.0, 1.0 + 1.5 * apart, 1.0 + 0.51 * apart, -0.1, 3e38];
        round(&mut values);
        assert_eq!(
            values,
            [1.0, 1.0 + 2.0 * apart, 1.0 + apart, -0.100_097_656, f32::from_bits(0x7f62_0000)]
        );
    }

    #[test]
    #[cfg(feature = "mpi")]
    fn what_is_rounded_survives_the_way() {
        let mut values = [0.1, -7.3e-12, 0.0, -0.0, f32::INFINITY];
        round(&mut values);
        let mut arrived = [0.0; 5];
        widen(&narrow(&values), &mut arrived);
        assert_eq!(arrived.map(f32::to_bits), values.map(f32::to_bits));
    }
}
