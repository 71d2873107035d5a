//! Matrix products of operands that are rounded to bf16, with sums in f32.
//!
//! What they mean does not depend on the processor. How they are done is chosen in one place,
//! [`Products::of`]: by instructions for pairs of 16-bit numbers where the processor has them, or by
//! the kernels for f32 on rounded operands. Both sum the same products, in another order.

mod held;
#[cfg(target_arch = "x86_64")]
pub(in crate::flex) mod pairs;
mod round;
#[cfg(target_arch = "x86_64")]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod turn;

use super::{
    matmul::{Matrix, multiply_to},
    scratch::with_scratch,
    tensor::Flat,
};
use crate::Precision;
#[cfg(target_arch = "x86_64")]
pub(in crate::flex) use held::halves;
pub(crate) use held::{narrowed, widened};
use round::{round_matrix, rounded};

/// How a layer's products are done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Products {
    /// In f32.
    Exact,
    /// In f32, of rounded operands.
    Rounded,
    /// In pairs of 16-bit numbers.
    #[cfg(target_arch = "x86_64")]
    Pairs(pairs::Unit),
}

/// What multiplies 16-bit numbers faster than f32, if anything does.
pub(crate) fn instructions() -> Option<&'static str> {
    match Products::of(Precision::Bf16) {
        #[cfg(target_arch = "x86_64")]
        Products::Pairs(unit) => Some(unit.name()),
        _ => None,
    }
}

/// Whether the processor has AMX and the system keeps it from this process.
pub(crate) fn amx_is_refused() -> bool {
    #[cfg(target_arch = "x86_64")]
    return tiles::Permit::is_refused();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Products {
    /// Those of a precision on this processor.
    pub(crate) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::Exact,
            #[cfg(target_arch = "x86_64")]
            Precision::Bf16 => pairs::Unit::find().map_or(Self::Rounded, Self::Pairs),
            #[cfg(not(target_arch = "x86_64"))]
            Precision::Bf16 => Self::Rounded,
        }
    }

    /// An operand as the layer's kernel takes it: pairs round while they are packed.
    pub(crate) fn operand(self, tensor: Flat) -> Flat {
        match self {
            Self::Rounded => rounded(tensor),
            _ => tensor,
        }
    }

    /// [`multiply`](super::matmul::multiply) done in this way.
    ///
    /// # Panics
    /// If the sizes do not fit each other or the slices.
    pub(crate) fn multiply(
        self,
        left: Matrix<'_>,
        right: Matrix<'_>,
        factor: f32,
        (output, stride): (&mut [f32], usize),
    ) {
        let (m, n) = (left.rows, right.columns);
        assert!(stride >= n && (m == 0 || (m - 1) * stride + n <= output.len()));
        // SAFETY: the assertion bounds every element of the result by the length of `output`, which is
        // borrowed mutably.
        unsafe { self.multiply_to(left, right, factor, (output.as_mut_ptr(), stride)) }
    }

    /// [`multiply_to`] done in this way.
    ///
    /// # Safety
    /// All elements of the result are valid, and nothing else uses them during the call.
    ///
    /// # Panics
    /// If the sizes do not fit each other or the slices.
    pub(crate) unsafe fn multiply_to(
        self,
        left: Matrix<'_>,
        right: Matrix<'_>,
        factor: f32,
        output: (*mut f32, usize),
    ) {
        let sizes = [left, right].map(|side| side.rows * side.columns);
        match self {
            // SAFETY: the caller's promise.
            Self::Exact => unsafe { multiply_to(left, right, factor, output) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the caller's promise.
            Self::Pairs(unit) => unsafe { pairs::multiply_to(unit, left, right, factor, output) },
            Self::Rounded => with_scratch(sizes[0] + sizes[1], |scratch| {
                let (of_left, of_right) = scratch.split_at_mut(sizes[0]);
                let (left, right) = (round_matrix(left, of_left), round_matrix(right, of_right));
                // SAFETY: the caller's promise.
                unsafe { multiply_to(left, right, factor, output) }
            }),
        }
    }
}
