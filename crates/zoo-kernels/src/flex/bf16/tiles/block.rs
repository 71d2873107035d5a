//! The innermost loops: two strips of rows times two columns of tiles, or one strip times four. Either makes
//! four tiles of sums at a time, because an instruction waits longer for the one that it adds to than it
//! takes itself: 52 cycles and 16 on Sapphire Rapids.

use std::{arch::asm, marker::PhantomData};

use super::{COLUMNS, Permit, ROWS};

/// Sums of a row.
pub(in crate::flex::bf16) const SUMS: usize = 4 * COLUMNS;

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

    /// Where the rows of two strips begin.
    pub(super) fn targets(&mut self) -> [Target; 2] {
        let first = self.0.as_flattened_mut().as_mut_ptr();
        [0, ROWS * SUMS].map(|sum| Target::new(first.wrapping_add(sum), SUMS))
    }
}

/// What the sums of a strip are written to.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Target {
    /// The first sum of the first row.
    first: *mut f32,
    /// Bytes from a row to the next.
    stride: usize,
}

impl Target {
    /// Rows that are `distance` floats apart.
    pub(super) fn new(first: *mut f32, distance: usize) -> Self {
        Self { first, stride: distance.wrapping_mul(size_of::<f32>()) }
    }

    /// The same from the first sum of a tile on.
    fn from(self, tile: usize) -> Self {
        Self { first: self.first.wrapping_add(tile * COLUMNS), ..self }
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

/// A product of two strips, or one twice, and a panel.
pub(super) struct Block<'a> {
    /// The tiles of the strips, by step.
    pub(super) left: &'a [[*const u16; 2]],
    /// Bytes from a row of a left tile to the next, by strip.
    pub(super) left_strides: [usize; 2],
    /// The first tile of the panel, by step.
    pub(super) right: &'a [*const u32],
    /// Bytes from a row of a right tile to the next.
    pub(super) right_stride: usize,
    /// Tiles across the panel.
    pub(super) tiles: usize,
}

impl Block<'_> {
    /// Writes the sums of both strips and the tile `column` of the panel and the one beside it. The last tile
    /// stands for one beyond it.
    ///
    /// # Safety
    /// All rows of all tiles can be read, and 16 rows of two tiles from the column on can be written to either
    /// target.
    ///
    /// # Panics
    /// If there is no step, or no such tile.
    pub(super) unsafe fn square(&self, _: &Registers, targets: [Target; 2], column: usize) {
        self.check(column);
        let targets = targets.map(|target| target.from(column));
        // SAFETY: the registers are set up; what is read and written is the caller's promise.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "mov {tile}, [{left}]",
                "tileloadd tmm4, [{tile} + {upper}]",
                "mov {tile}, [{right}]",
                "add {tile}, {column}",
                "tileloadd tmm6, [{tile} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "add {tile}, {beside}",
                "tileloadd tmm7, [{tile} + {stride}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "mov {tile}, [{left} + 8]",
                "tileloadd tmm5, [{tile} + {lower}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {left}, 16",
                "add {right}, 8",
                "dec {count}",
                "jnz 2b",
                "mov {tile}, [{targets}]",
                "mov {stride}, [{targets} + 8]",
                "tilestored [{tile} + {stride}], tmm0",
                "tilestored [{tile} + {stride} + 64], tmm1",
                "mov {tile}, [{targets} + 16]",
                "mov {stride}, [{targets} + 24]",
                "tilestored [{tile} + {stride}], tmm2",
                "tilestored [{tile} + {stride} + 64], tmm3",
                left = inout(reg) self.left.as_ptr() => _,
                right = inout(reg) self.right.as_ptr() => _,
                count = inout(reg) self.left.len() => _,
                tile = out(reg) _,
                upper = in(reg) self.left_strides[0],
                lower = in(reg) self.left_strides[1],
                stride = inout(reg) self.right_stride => _,
                column = in(reg) 64 * column,
                beside = in(reg) self.beside(column),
                targets = in(reg) targets.as_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// Writes the sums of the first strip and all tiles of the panel. The last tile stands for those beyond it.
    ///
    /// # Safety
    /// All rows of all tiles can be read, and 16 rows of four tiles can be written to the target.
    ///
    /// # Panics
    /// If there is no step, or no tile.
    pub(super) unsafe fn wide(&self, _: &Registers, target: Target) {
        self.check(0);
        // SAFETY: the registers are set up; what is read and written is the caller's promise.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "mov {tile}, [{left}]",
                "tileloadd tmm4, [{tile} + {upper}]",
                "mov {tile}, [{right}]",
                "tileloadd tmm5, [{tile} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm5",
                "add {tile}, {second}",
                "tileloadd tmm6, [{tile} + {stride}]",
                "tdpbf16ps tmm1, tmm4, tmm6",
                "add {tile}, {third}",
                "tileloadd tmm7, [{tile} + {stride}]",
                "tdpbf16ps tmm2, tmm4, tmm7",
                "add {tile}, {fourth}",
                "tileloadd tmm5, [{tile} + {stride}]",
                "tdpbf16ps tmm3, tmm4, tmm5",
                "add {left}, 16",
                "add {right}, 8",
                "dec {count}",
                "jnz 2b",
                "tilestored [{target} + {after}], tmm0",
                "tilestored [{target} + {after} + 64], tmm1",
                "tilestored [{target} + {after} + 128], tmm2",
                "tilestored [{target} + {after} + 192], tmm3",
                left = inout(reg) self.left.as_ptr() => _,
                right = inout(reg) self.right.as_ptr() => _,
                count = inout(reg) self.left.len() => _,
                tile = out(reg) _,
                upper = in(reg) self.left_strides[0],
                stride = in(reg) self.right_stride,
                second = in(reg) self.beside(0),
                third = in(reg) self.beside(1),
                fourth = in(reg) self.beside(2),
                target = in(reg) target.first,
                after = in(reg) target.stride,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// Bytes from a tile of the panel to the one beside it, if there is one.
    fn beside(&self, column: usize) -> usize {
        if column + 1 < self.tiles { 64 } else { 0 }
    }

    fn check(&self, column: usize) {
        assert!(!self.left.is_empty() && self.left.len() == self.right.len());
        assert!(column < self.tiles && self.tiles * COLUMNS <= SUMS);
    }
}
