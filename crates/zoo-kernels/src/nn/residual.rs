use burn::tensor::Tensor;

#[cfg(feature = "flex")]
use crate::flex::{Kernels, applies};

/// The tensor twice, for two ways that meet again, as in a residual block: their gradients are added up in
/// place where the kernels can.
///
/// Both ways must lead to the loss, or neither: the gradient of `input` is made when those of both are there.
pub fn fork<const D: usize>(input: Tensor<D>) -> [Tensor<D>; 2] {
    #[cfg(feature = "flex")]
    if applies(&input) {
        let (one, other) = <burn::backend::Dispatch as Kernels>::zoo_fork(input.into_dispatch());
        return [Tensor::from_dispatch(one), Tensor::from_dispatch(other)];
    }
    [input.clone(), input]
}

/// left + right, on all threads where the kernels can.
///
/// # Panics
/// If the shapes differ.
pub fn add<const D: usize>(left: Tensor<D>, right: Tensor<D>) -> Tensor<D> {
    assert_eq!(left.dims(), right.dims(), "sums are of tensors of the same shape");
    #[cfg(feature = "flex")]
    if applies(&left) && applies(&right) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_add(
            left.into_dispatch(),
            right.into_dispatch(),
        ));
    }
    left + right
}

/// around + branch * factors, with a factor for each feature, in one pass where the kernels can.
///
/// # Shapes
/// - around: `[.., features]`
/// - branch: the same
/// - factors: `[features]`
/// - returns: as `around`
///
/// # Panics
/// If the shapes do not fit each other.
pub fn add_scaled<const D: usize>(
    around: Tensor<D>,
    branch: Tensor<D>,
    factors: Tensor<1>,
) -> Tensor<D> {
    assert_eq!(around.dims(), branch.dims(), "sums are of tensors of the same shape");
    let [features] = factors.dims();
    assert_eq!(branch.dims()[D - 1], features, "there is a factor for each feature");
    #[cfg(feature = "flex")]
    if applies(&around) && applies(&branch) && applies(&factors) {
        return Tensor::from_dispatch(<burn::backend::Dispatch as Kernels>::zoo_add_scaled(
            around.into_dispatch(),
            branch.into_dispatch(),
            factors.into_dispatch(),
        ));
    }
    let factors: Tensor<D> = factors.unsqueeze();
    around + branch * factors
}
