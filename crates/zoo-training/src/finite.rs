//! Whether weights are numbers still, and the same on all ranks.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};

use crate::{Error, Ranks};

/// False where a weight of `model` is infinite or not a number, or they are so large that their sum
/// is.
pub fn is_finite<M: Module>(model: &M) -> bool {
    let mut sum = Sum(None);
    model.visit(&mut sum);
    let sum = sum.0.map(|sum| sum.try_into_scalar::<f64>());
    sum.is_none_or(|sum| sum.is_ok_and(f64::is_finite))
}

/// Refuses to go on where the weights differ from rank to rank.
///
/// # Errors
///
/// [`Error::Failed`] that names the first rank whose weights are others than the first rank's, on every
/// rank.
pub fn check_alike<M: Module>(model: &M, ranks: &Ranks, step: usize) -> Result<(), Error> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let mut sum = Checksum(0);
    // Going to validation mode brings running statistics up to date.
    model.valid().visit(&mut sum);
    let all = ranks.all(sum.0)?;
    let Some(other) = all.iter().position(|sum| *sum != all[0]) else {
        return Ok(());
    };
    Err(Error::Failed(format!(
        "after step {step}, rank {other} on {} has other weights than rank 0 on {}: processors or GPUs \
         that compute differently, a fault of memory, or layers whose running statistics are not those of \
         zoo_kernels::nn::BatchNorm",
        ranks.hosts()[other],
        ranks.hosts()[0],
    )))
}

/// A checksum of all weights in the order of a visit.
struct Checksum(u32);

impl ModuleVisitor for Checksum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().without_autodiff().into_data();
        self.0 = crc32c::crc32c_append(self.0, data.as_bytes());
    }
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
