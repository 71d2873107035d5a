//! What a convolution leaves behind: tasks make its images, and may pool them while they are in the cache.

use rayon::prelude::*;

use crate::flex::{
    epilogue::Epilogue,
    pool::{self, PoolShape},
    tensor::{Flat, channels_last, uninit},
};

/// What follows the sums of a convolution.
#[derive(Clone, Copy, Default)]
pub(super) struct After<'a> {
    pub(super) epilogue: Option<Epilogue<'a>>,
    /// Windows of which only the largest values are left.
    pub(super) pool: Option<PoolShape>,
}

/// Floats of a task's images that stay in the cache until they are pooled.
const NEAR: usize = 1 << 18;

/// How the images of an output are shared out among the threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tasks {
    /// Batch, features, rows and columns.
    pub(super) sizes: [usize; 4],
    /// Images that are cut into bands together.
    pub(super) together: usize,
    /// Rows of a band: one task makes it.
    pub(super) rows: usize,
}

impl Tasks {
    /// Runs `task` for every band, with its first image, the first row within that, and what it has to fill.
    /// The result is channels-last, and pooled if `pool` says so.
    ///
    /// Tasks must write every element.
    pub(super) fn run(
        self,
        pool: Option<PoolShape>,
        task: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Flat {
        let Self { sizes, together, rows } = self;
        let [batch, features, height, width] = sizes;
        let line = width * features;
        let is_whole = rows >= together * height;
        let is_near = is_whole && together * height * line <= NEAR;
        if let Some(shape) = pool.filter(|_| is_near) {
            return pool::forward_of(sizes, shape, together, |image, output| {
                task(image, 0, output)
            });
        }
        // SAFETY: the tasks cover every row of every image, and each writes all elements of its rows.
        let mut output = unsafe { uninit(batch * height * line) };
        if is_whole && together >= batch {
            task(0, 0, &mut output);
        } else {
            output
                .par_chunks_mut(together * height * line)
                .enumerate()
                .flat_map(|(number, images)| {
                    let bands = images.par_chunks_mut(rows * line).enumerate();
                    bands.map(move |(band, output)| (number * together, band * rows, output))
                })
                .for_each(|(image, row, output)| task(image, row, output));
        }
        let output = channels_last(output, sizes);
        match pool {
            Some(shape) => pool::forward(output, shape),
            None => output,
        }
    }
}
