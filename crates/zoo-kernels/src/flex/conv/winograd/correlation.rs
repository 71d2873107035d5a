//! The sizes of a correlation, and how its kernels are cut into blocks and its output into tiles.

use std::ops::Range;

use crate::flex::conv::geometry::Geometry;

/// Rows and columns of the outputs of a tile.
pub(super) const TILE: usize = 2;

/// Rows and columns of a block of the kernel.
pub(super) const KERNEL: usize = 3;

/// Rows and columns of the inputs that a tile sees.
pub(super) const PATCH: usize = 4;

/// Positions of a transformed tile.
pub(super) const POSITIONS: usize = PATCH * PATCH;

/// Blocks that a kernel is cut into, down and across.
pub(super) fn blocks(kernel: [usize; 2]) -> [usize; 2] {
    kernel.map(|side| side.div_ceil(KERNEL))
}

/// A correlation of channels-last images at stride 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correlation {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) input: [usize; 2],
    pub(super) features: usize,
    pub(super) output: [usize; 2],
    /// Blocks of the kernel, down and across.
    pub(super) blocks: [usize; 2],
    /// Zeros above and to the left of the input; as many follow it as the output needs.
    pub(super) before: [usize; 2],
}

/// Outputs that are computed together: the first row and column, which may be the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub(super) image: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Correlation {
    /// The forward pass.
    pub(super) fn of_input(geometry: &Geometry) -> Self {
        let [vertical, horizontal] = geometry.shape.padding;
        Self {
            batch: geometry.batch,
            channels: geometry.channels,
            input: geometry.input,
            features: geometry.features,
            output: geometry.output,
            blocks: blocks(geometry.kernel),
            before: [vertical.0, horizontal.0],
        }
    }

    /// The pass from the output's gradient to the input's, with kernels turned by 180 degrees.
    pub(super) fn of_gradient(geometry: &Geometry) -> Self {
        let [vertical, horizontal] = geometry.shape.padding;
        Self {
            batch: geometry.batch,
            channels: geometry.features,
            input: geometry.output,
            features: geometry.channels,
            output: geometry.input,
            blocks: blocks(geometry.kernel),
            before: [geometry.kernel[0] - 1 - vertical.0, geometry.kernel[1] - 1 - horizontal.0],
        }
    }

    /// Tiles that cover `rows` of the output of each of `images`; `rows` start at an even number.
    pub(super) fn tiles(&self, images: Range<usize>, rows: Range<usize>) -> Vec<Tile> {
        let width = self.output[1];
        images
            .flat_map(|image| rows.clone().step_by(TILE).map(move |row| (image, row)))
            .flat_map(|(image, row)| {
                (0..width).step_by(TILE).map(move |column| Tile { image, row, column })
            })
            .collect()
    }

    /// Tiles of one image.
    pub(super) fn tiles_of_an_image(&self) -> usize {
        self.output.map(|side| side.div_ceil(TILE)).iter().product()
    }

    /// Terms of each sum: all channels for each block of the kernel.
    pub(super) fn depth(&self) -> usize {
        self.blocks[0] * self.blocks[1] * self.channels
    }

    /// The input from the first pixel on that `tile` sees through a block of the kernel, if all that it sees
    /// lies within the image.
    pub(super) fn window<'a>(
        &self,
        images: &'a [f32],
        tile: &Tile,
        block: usize,
    ) -> Option<&'a [f32]> {
        let [height, width] = self.input;
        let row = (tile.row + block / self.blocks[1] * KERNEL).checked_sub(self.before[0])?;
        let column = (tile.column + block % self.blocks[1] * KERNEL).checked_sub(self.before[1])?;
        let is_inside = row + PATCH <= height && column + PATCH <= width;
        let start = ((tile.image * height + row) * width + column) * self.channels;
        is_inside.then(|| &images[start..])
    }

    /// All channels of the input pixels that `tile` sees through a block of the kernel; `zeros`
    /// stands for those outside.
    pub(super) fn patch<'a>(
        &self,
        images: &'a [f32],
        zeros: &'a [f32],
        tile: &Tile,
        block: usize,
    ) -> [[&'a [f32]; PATCH]; PATCH] {
        let [height, width] = self.input;
        let top = tile.row + block / self.blocks[1] * KERNEL;
        let left = tile.column + block % self.blocks[1] * KERNEL;
        let mut patch = [[zeros; PATCH]; PATCH];
        for (i, line) in patch.iter_mut().enumerate() {
            let row = (top + i).checked_sub(self.before[0]).filter(|row| *row < height);
            let Some(row) = row else { continue };
            for (j, pixel) in line.iter_mut().enumerate() {
                let column = (left + j).checked_sub(self.before[1]);
                let Some(column) = column.filter(|column| *column < width) else { continue };
                let start = ((tile.image * height + row) * width + column) * self.channels;
                *pixel = &images[start..start + self.channels];
            }
        }
        patch
    }
}
