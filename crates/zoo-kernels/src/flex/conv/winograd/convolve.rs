//! Tiles to outputs: the forward pass, and that from the output's gradient to the input's.

use super::{
    correlation::{Correlation, TILE, Tile},
    transforms::{SLAB, Slab, transform_input, transform_output},
};
use crate::flex::{
    conv::output::{After, Tasks},
    epilogue::Epilogue,
    panels::Packed,
    scratch::with_scratch,
    simd::kernel,
    tensor::Flat,
    tile::{Finish, Product, Segment, rows_of},
};

/// Terms of all sums that one thread is done with before another is awake.
const ALONE: usize = 1 << 20;

struct Job<'a> {
    correlation: &'a Correlation,
    images: &'a [f32],
    weights: &'a [Packed],
    epilogue: Option<Epilogue<'a>>,
    zeros: Vec<f32>,
    /// Where each tile of a slab starts before and after the products.
    starts: Vec<usize>,
    targets: Vec<usize>,
    before: Slab,
    after: Slab,
}

/// Correlates channels-last `images` with `weights`, which for each position are (block,
/// channel) by features, and goes on with `after`. The result is channels-last.
pub(super) fn convolve(
    correlation: &Correlation,
    images: &[f32],
    weights: &[Packed],
    After { epilogue, pool }: After<'_>,
) -> Flat {
    let Correlation { batch, channels, features, output: [height, width], .. } = *correlation;
    let job = Job {
        correlation,
        images,
        weights,
        epilogue,
        zeros: vec![0.0; channels],
        starts: (0..SLAB).map(|tile| tile * correlation.depth()).collect(),
        targets: (0..SLAB).map(|tile| tile * features).collect(),
        before: Slab::new(correlation.depth()),
        after: Slab::new(features),
    };
    let sizes = [batch, features, height, width];
    let is_small = sizes.iter().product::<usize>() * correlation.depth() <= ALONE;
    let (together, rows) = if is_small { (batch, batch * height) } else { shares(correlation) };
    let run = |image, row, output: &mut [f32]| job.run(Tile { image, row, column: 0 }, output);
    Tasks { sizes, together, rows }.run(pool, run)
}

/// Images per task, and rows per chunk of them: small images are combined so that slabs are full,
/// and images are divided if there are fewer than threads.
fn shares(correlation: &Correlation) -> (usize, usize) {
    let threads = rayon::current_num_threads();
    let (batch, height) = (correlation.batch, correlation.output[0]);
    if batch < 2 * threads {
        let band = height.div_ceil((2 * threads).div_ceil(batch));
        return (1, band.next_multiple_of(TILE));
    }
    let full = SLAB.div_ceil(correlation.tiles_of_an_image());
    let together = full.min(batch / (2 * threads)).max(1);
    (together, together * height)
}

impl Job<'_> {
    /// Fills `output`, which starts at the row of `first` and ends in the same image or is some
    /// whole images.
    fn run(&self, first: Tile, output: &mut [f32]) {
        let [height, width] = self.correlation.output;
        let rows = output.len() / (width * self.correlation.features);
        let images = first.image..first.image + rows.div_ceil(height);
        let tiles = self.correlation.tiles(images, first.row..height.min(first.row + rows));
        with_scratch(self.before.length() + self.after.length(), |scratch| {
            let (before, after) = scratch.split_at_mut(self.before.length());
            for tiles in tiles.chunks(SLAB) {
                let (images, zeros) = (self.images, self.zeros.as_slice());
                transform_input(self.correlation, images, zeros, tiles, self.before, before);
                multiply(self, tiles.len(), before, after);
                let (slab, epilogue) = (self.after, self.epilogue);
                transform_output(self.correlation, after, tiles, slab, epilogue, first, output);
            }
        });
    }
}

kernel! {
    /// The products at all positions.
    fn multiply<S>(simd: S, job: &Job<'_>, tiles: usize, before: &[f32], after: &mut [f32]) {
        let segments = [Segment { offset: 0, length: job.correlation.depth() }];
        let left = before.chunks(job.before.stride);
        let outputs = after.chunks_mut(job.after.stride);
        for ((left, output), packed) in left.zip(outputs).zip(job.weights) {
            for (panel, weights) in &packed.panels {
                let product = Product {
                    left,
                    segments: &segments,
                    step: 1,
                    right: weights,
                    stride: Packed::stride::<S>(panel),
                };
                let rows = rows_of::<S>(panel.vectors);
                let starts = job.starts[..tiles].chunks(rows);
                for (starts, targets) in starts.zip(job.targets[..tiles].chunks(rows)) {
                    let output = &mut output[panel.first..];
                    let size = (panel.columns, panel.vectors);
                    product.tile(simd, (starts, targets), size, output, Finish::Store);
                }
            }
        }
    }
}
