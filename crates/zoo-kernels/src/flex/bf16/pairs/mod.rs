//! Products by instructions that multiply pairs of bf16 numbers and add both products to an f32: those
//! of AVX512-BF16.
//!
//! The left side keeps its order and is read a pair at a time; the right side is packed into panels of
//! which each row holds a pair for every column. AMX wants its right side in the same order.

mod linear;
mod matrix;
mod pack;
mod ready;
mod tile;

use std::sync::LazyLock;

use pulp::x86::V4;

use crate::flex::simd::CAP;
pub(in crate::flex) use linear::{multiply_packed, multiply_rows, pack, transposed_product};
pub(in crate::flex) use matrix::{multiply_to, pack_panel, pair_panels};
pub(in crate::flex) use tile::Pairs;

/// What the instructions are called.
pub(super) const NAME: &str = "AVX512-BF16";

/// Proof that the processor has the instructions and [`CAP`] allows them.
#[derive(Clone, Copy, Debug)]
pub(in crate::flex) struct Unit(V4);

static UNIT: LazyLock<Option<Unit>> = LazyLock::new(|| {
    let is_allowed = std::env::var_os(CAP).is_none();
    let has = is_allowed && std::arch::is_x86_feature_detected!("avx512bf16");
    if has { V4::try_new().map(Unit) } else { None }
});

impl Unit {
    /// That of this processor.
    pub(super) fn find() -> Option<Self> {
        *UNIT
    }
}
