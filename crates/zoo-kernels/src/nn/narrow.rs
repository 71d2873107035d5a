//! Mixed precision on backends without kernels: casts around products, as PyTorch's autocast does it. There
//! a bias is cast, too, and what a product returns is rounded to the same type.

use burn::tensor::{DType, Tensor};

use crate::Precision;

/// The instructions by which the kernels multiply in bf16 faster than in f32 on this processor; none where
/// they round operands and multiply in f32.
pub fn bf16_instructions() -> Option<&'static str> {
    #[cfg(feature = "flex")]
    return crate::flex::bf16_instructions();
    #[cfg(not(feature = "flex"))]
    None
}

/// Whether this processor has AMX, by which products in bf16 would be faster, and the system does not permit
/// this process to use it.
pub fn amx_is_refused() -> bool {
    #[cfg(feature = "flex")]
    return crate::flex::amx_is_refused();
    #[cfg(not(feature = "flex"))]
    false
}

/// An operand in the type that this thread computes products in.
pub(super) fn narrow<const D: usize>(operand: Tensor<D>) -> Tensor<D> {
    match Precision::current() {
        Precision::F32 => operand,
        Precision::Bf16 => operand.cast(DType::BF16),
    }
}

/// A product of [`narrow`] operands in the type of everything else.
pub(super) fn widen<const D: usize>(product: Tensor<D>) -> Tensor<D> {
    match Precision::current() {
        Precision::F32 => product,
        Precision::Bf16 => product.cast(DType::F32),
    }
}
