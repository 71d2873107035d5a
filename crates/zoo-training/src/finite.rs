//! Whether weights are numbers still.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};

/// False where a weight of `model` is infinite or not a number, or they are so large that their sum
/// is.
pub fn is_finite<M: Module>(model: &M) -> bool {
    let mut sum = Sum(None);
    model.visit(&mut sum);
    let sum = sum.0.map(|sum| sum.try_into_scalar::<f64>());
    sum.is_none_or(|sum| sum.is_ok_and(f64::is_finite))
}

struct Sum(Option<Tensor<1>>);

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let sum = param.val().without_autodiff().sum();
        self.0 = Some(match self.0.take() {
            Some(others) => others + sum,
            None => sum,
        });
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use zoo_model::host;

    use super::*;

    #[test]
    fn one_weight_is_enough() {
        let mut model = LinearConfig::new(2, 3).init(&host());
        assert!(is_finite(&model));
        model.weight = model.weight.map(|weight| weight.slice_fill([0..1, 1..2], f32::NAN));
        assert!(!is_finite(&model));
    }
}
