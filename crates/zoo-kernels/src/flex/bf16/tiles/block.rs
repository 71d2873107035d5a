//! The innermost loop: two strips of rows times two columns of tiles.

use std::{arch::asm, marker::PhantomData};

use super::{COLUMNS, Permit, ROWS};

/// Sums of a row, of which a block makes those of two tiles.
pub(in crate::flex::bf16) const SUMS: usize = 4 * COLUMNS;

/// The tiles that a step multiplies, each of the left side with each of the right.
#[repr(C)]
pub(super) struct Step {
    pub(super) left: [*const u16; 2],
    pub(super) right: [*const u32; 2],
}

/// The sums of the rows of two strips.
#[repr(C, align(64))]
pub(super) struct Sums([[f32; SUMS]; 2 * ROWS]);

impl Sums {
    pub(super) fn new() -> Self {
        Self([[0.0; SUMS]; 2 * ROWS])
    }

    pub(super) fn row(&self, row: usize) -> &[f32; SUMS] {
        &self.0[row]
    }
}

/// What [`Registers`] is set up with: table 1, all tiles of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Layout([u8; 64]);

static LAYOUT: Layout = {
    let mut layout = [0; 64];
    layout[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        layout[16 + 2 * tile] = 64;
        layout[48 + tile] = ROWS as u8;
        tile += 1;
    }
    Layout(layout)
};

/// The tile registers of this thread, in use until dropped. Unused, the system need not save them.
pub(super) struct Registers(PhantomData<*const ()>);

impl Registers {
    pub(super) fn set_up(_: Permit) -> Self {
        // SAFETY: a permit exists only where the instruction does; the layout is one that every
        // processor with table 1 takes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const LAYOUT, options(nostack, readonly)) };
        Self(PhantomData)
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        // SAFETY: registers are set up only where the instruction exists.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// A product whose terms are those of all steps.
pub(super) struct Block<'a> {
    pub(super) steps: &'a [Step],
    /// Bytes from a row of a left tile to the next, by strip.
    pub(super) left: [usize; 2],
    /// Bytes from a row of a right tile to the next.
    pub(super) right: usize,
}

impl Block<'_> {
    /// Writes the sums of two tiles a row from tile `column` on.
    ///
    /// # Safety
    /// All rows of all tiles can be read.
    ///
    /// # Panics
    /// If there is no step, or no room in `sums`.
    pub(super) unsafe fn multiply(&self, _: &Registers, sums: &mut Sums, column: usize) {
        assert!(!self.steps.is_empty() && (column + 2) * COLUMNS <= SUMS);
        let upper = sums.0.as_flattened_mut()[column * COLUMNS..].as_mut_ptr();
        // SAFETY: the registers are set up; what is read is the caller's promise; what is written are
        // 16 rows of two tiles from `upper` on, and as many from the row that is 16 below.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "mov {tile}, [{step}]",
                "tileloadd tmm4, [{tile} + {first}]",
                "mov {tile}, [{step} + 16]",
                "tileloadd tmm6, [{tile} + {right}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "mov {tile}, [{step} + 24]",
                "tileloadd tmm7, [{tile} + {right}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "mov {tile}, [{step} + 8]",
                "tileloadd tmm5, [{tile} + {second}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {step}, {size}",
                "dec {count}",
                "jnz 2b",
                "tilestored [{upper} + {sums}], tmm0",
                "tilestored [{upper} + {sums} + 64], tmm1",
                "tilestored [{lower} + {sums}], tmm2",
                "tilestored [{lower} + {sums} + 64], tmm3",
                step = inout(reg) self.steps.as_ptr() => _,
                count = inout(reg) self.steps.len() => _,
                tile = out(reg) _,
                first = in(reg) self.left[0],
                second = in(reg) self.left[1],
                right = in(reg) self.right,
                upper = in(reg) upper,
                lower = in(reg) upper.add(ROWS * SUMS),
                sums = in(reg) SUMS * size_of::<f32>(),
                size = const size_of::<Step>(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}
