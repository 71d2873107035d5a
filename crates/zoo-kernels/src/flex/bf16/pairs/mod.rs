//! Products by instructions that multiply pairs of bf16 numbers and add both products to an f32: those
//! of AVX512-BF16.
//!
//! The left side keeps its order and is read a pair at a time; the right side is packed into panels of
//! which each row holds a pair for every column. AMX takes both sides in the same order, so what multiplies
//! is chosen in [`Pairs::multiply`] alone.

mod linear;
mod matrix;
mod narrow;
mod pack;
mod ready;
mod side;
mod tile;
mod twice;
mod whole;

use std::sync::LazyLock;

use pulp::x86::V4;

use crate::flex::{
    bf16::tiles::{self, Permit},
    simd::{CAP, PAIRS},
};
pub(in crate::flex) use linear::{FEW, multiply_packed, multiply_rows, pack, transposed_product};
pub(in crate::flex) use matrix::{multiply_to, pack_panel, pair_panels};
pub(in crate::flex) use narrow::pack_halves;
pub(in crate::flex) use side::Side;
pub(in crate::flex) use tile::Pairs;
pub(in crate::flex) use twice::{Layer, multiply_twice};

/// What the instructions are called.
const NAME: &str = "AVX512-BF16";

/// Proof that the processor has the instructions and [`CAP`] allows them.
#[derive(Clone, Copy, Debug)]
pub(in crate::flex) struct Unit {
    simd: V4,
    tiles: Option<Permit>,
}

static UNIT: LazyLock<Option<Unit>> = LazyLock::new(|| {
    let cap = std::env::var(CAP);
    let tiles = if cap.is_err() { Permit::ask() } else { None };
    let is_asked_for = cap.as_deref() == Ok(PAIRS);
    let is_allowed = is_asked_for || cap.is_err() && (tiles.is_some() || gains());
    let has = is_allowed && std::arch::is_x86_feature_detected!("avx512bf16");
    let simd = if has { V4::try_new() } else { None };
    simd.map(|simd| Unit { simd, tiles })
});

/// Whether vectors multiply pairs faster than f32: Intel's do it at half of the speed, AMD's at twice.
fn gains() -> bool {
    let vendor = std::arch::x86_64::__cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() != b"GenuineIntel"
}

impl Unit {
    /// That of this processor.
    pub(super) fn find() -> Option<Self> {
        *UNIT
    }

    /// What its instructions are called.
    pub(super) fn name(self) -> &'static str {
        if self.tiles.is_some() { tiles::NAME } else { NAME }
    }
}
