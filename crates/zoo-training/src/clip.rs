//! Clipping by the norm of all gradients together; Burn's own clips each tensor by itself.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};

/// Scales `gradients` so that their L2 norm is at most `largest`, as `torch.nn.utils.clip_grad_norm_`.
pub fn clip_grad_norm<M: Module>(
    module: &M,
    gradients: GradientsParams,
    largest: f64,
) -> GradientsParams {
    let mut norm = SquaredNorm { gradients: &gradients, sum: None };
    module.visit(&mut norm);
    let Some(sum) = norm.sum else {
        return gradients;
    };
    // PyTorch's constant: the factor stays finite where all gradients are 0.
    let factor = (sum.sqrt() + 1e-6).recip().mul_scalar(largest).clamp_max(1.0);
    let mut scale = Scale { gradients, factor };
    module.visit(&mut scale);
    scale.gradients
}

struct SquaredNorm<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return;
        };
        // By rows first: a full sum of millions of elements may combine in an order that differs
        // from run to run.
        let last = gradient.dims()[D - 1];
        let rows = gradient.reshape([-1, last as i32]);
        let squares = (rows.clone() * rows).sum_dim(1).sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + squares,
            None => squares,
        });
    }
}

struct Scale {
    gradients: GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let scaled = gradient * self.factor.clone().reshape([1; D]);
            self.gradients.register(param.id, scaled);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        nn::{Linear, LinearConfig},
        tensor::{TensorData, Tolerance},
    };
    use zoo_model::host;

    use super::*;

    fn gradients(model: &Linear, scale: f32) -> GradientsParams {
        let device = host();
        let mut gradients = GradientsParams::new();
        gradients
            .register(model.weight.id, Tensor::<2>::from_floats([[3.0 * scale], [0.0]], &device));
        let bias = model.bias.as_ref().unwrap();
        gradients.register(bias.id, Tensor::<1>::from_floats([4.0 * scale], &device));
        gradients
    }

    #[test]
    fn all_gradients_together_are_scaled_to_the_norm() {
        let model = LinearConfig::new(2, 1).init(&host());
        let weight = |scale: f32| {
            let clipped = clip_grad_norm(&model, gradients(&model, scale), 1.0);
            clipped.get::<2>(model.weight.id).unwrap().into_data()
        };
        // The norm of (3, 0, 4) is 5.
        weight(1.0).assert_approx_eq::<f32>(
            &TensorData::from([[0.6_f32], [0.0]]),
            Tolerance::absolute(1e-5),
        );
        weight(0.1).assert_approx_eq::<f32>(
            &TensorData::from([[0.3_f32], [0.0]]),
            Tolerance::absolute(1e-6),
        );
    }
}
