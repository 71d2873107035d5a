//! The innermost loops of convolutions and linear layers: a small tile of a matrix product whose
//! left side is read in place, also from the windows of an image, after the "batch-reduce" form of Georganas et al. (<https://arxiv.org/abs/1906.06440>).

use pulp::Simd;

use super::{
    epilogue::Epilogue,
    simd::{self, load, mul_add},
};

/// A run of left-side elements at the same distance from one another: `offset`, `offset + step`,
/// and so on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

/// The sum over k of `left[row + position(k)] * right[k][column]` for a tile of rows and columns.
///
/// The positions are those of `segments` one after the other; k counts through all of them.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// The image, with its border of zeros.
    pub(crate) left: &'a [f32],
    /// What `left` is read at, beside the row's own start.
    pub(crate) segments: &'a [Segment],
    /// Distance of neighbours in a segment.
    pub(crate) step: usize,
    /// Row-major, one row for each k.
    pub(crate) right: &'a [f32],
    /// Distance of the rows of `right`.
    pub(crate) stride: usize,
}

/// What happens to a finished tile.
#[derive(Clone, Copy)]
pub(crate) enum Finish<'a> {
    /// It is stored as it is.
    Store,
    /// These are added to its columns, then it is stored.
    Bias(&'a [f32]),
    /// It is added to what is there.
    Add,
    /// It is added to what is there, and then one number for each column.
    AddBias(&'a [f32]),
    /// The same as [`Bias`](Self::Bias) and more.
    Then(Epilogue<'a>),
}

impl<'a> Finish<'a> {
    /// By way of the shorter code where there is only a bias.
    #[inline(always)]
    pub(crate) fn of(epilogue: Epilogue<'a>) -> Self {
        epilogue.mere_bias().map_or(Self::Then(epilogue), Self::Bias)
    }

    /// The same for a sum that goes on from what is there.
    ///
    /// # Panics
    /// For an epilogue.
    pub(crate) fn adding(self) -> Self {
        match self {
            Self::Store | Self::Add => Self::Add,
            Self::Bias(bias) | Self::AddBias(bias) => Self::AddBias(bias),
            Self::Then(_) => unreachable!("sums with an epilogue are made in one go"),
        }
    }

    /// The same for `columns` columns from `first` on.
    pub(crate) fn part(self, first: usize, columns: usize) -> Self {
        match self {
            Self::Bias(bias) => Self::Bias(&bias[first..first + columns]),
            Self::AddBias(bias) => Self::AddBias(&bias[first..first + columns]),
            Self::Then(epilogue) => Self::Then(epilogue.part(first, columns)),
            other => other,
        }
    }
}

/// Vectors across the widest tile that `S` has registers for.
pub(crate) const fn max_vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// Rows of the tile that is `vectors` vectors wide.
pub(crate) const fn rows_of<S: Simd>(vectors: usize) -> usize {
    match vectors {
        1 => 8,
        2 | 3 if S::REGISTER_COUNT >= 32 => 8,
        _ => 6,
    }
}

impl Product<'_> {
    /// Computes the first `columns` columns of the rows that start at `starts`, and writes each
    /// from its element of `targets` on to `output`.
    ///
    /// `right` must have `vectors` whole vectors a row, also where `columns` are fewer.
    ///
    /// # Panics
    /// If any element would be outside its slice, or `starts` is empty or longer than [`rows_of`]
    /// allows.
    #[inline(always)]
    pub(crate) fn tile<S: Simd>(
        &self,
        simd: S,
        (starts, targets): (&[usize], &[usize]),
        (columns, vectors): (usize, usize),
        output: &mut [f32],
        finish: Finish<'_>,
    ) {
        let rows = (starts, targets);
        match (vectors, S::REGISTER_COUNT >= 32) {
            (1, _) => self.sized::<S, 8, 1>(simd, rows, columns, output, finish),
            (2, true) => self.sized::<S, 8, 2>(simd, rows, columns, output, finish),
            (2, false) => self.sized::<S, 6, 2>(simd, rows, columns, output, finish),
            (3, _) => self.sized::<S, 8, 3>(simd, rows, columns, output, finish),
            _ => self.sized::<S, 6, 4>(simd, rows, columns, output, finish),
        }
    }

    #[inline(always)]
    fn sized<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        (starts, targets): (&[usize], &[usize]),
        columns: usize,
        output: &mut [f32],
        finish: Finish<'_>,
    ) {
        let rows = starts.len();
        assert!((1..=ROWS).contains(&rows) && rows == targets.len());
        assert!(columns <= VECTORS * S::F32_LANES);
        let mut all = [starts[0]; ROWS];
        all[..rows].copy_from_slice(starts);
        self.check(&all, VECTORS * S::F32_LANES);
        // SAFETY: `check` has compared the furthest element of both sides with the lengths of the
        // slices.
        let sums = unsafe { self.sums::<S, ROWS, VECTORS>(simd, &all) };
        for (sums, &target) in sums.iter().zip(targets) {
            store(simd, sums, &mut output[target..target + columns], finish, target);
        }
    }

    /// # Panics
    /// If a row of the left side or a column below `columns` of the right side is outside its
    /// slice.
    #[inline(always)]
    fn check(&self, starts: &[usize], columns: usize) {
        let mut count = 0;
        let mut furthest = 0;
        for segment in self.segments {
            count += segment.length;
            if segment.length > 0 {
                furthest = furthest.max(segment.offset + (segment.length - 1) * self.step);
            }
        }
        if count > 0 {
            let start = starts.iter().copied().max().unwrap_or(0);
            assert!(start + furthest < self.left.len());
            assert!((count - 1) * self.stride + columns <= self.right.len());
        }
    }

    /// # Safety
    /// Every element of the left side at `starts` and the segments' positions, and `VECTORS`
    /// vectors of every row of the right side, are within their slices.
    #[inline(always)]
    unsafe fn sums<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        starts: &[usize; ROWS],
    ) -> [[S::f32s; VECTORS]; ROWS] {
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        // SAFETY: all offsets are within the slices, by the caller's promise; vectors are read
        // unaligned.
        unsafe {
            let mut right = self.right.as_ptr();
            for segment in self.segments {
                let left = self.left.as_ptr().add(segment.offset);
                let rows: [*const f32; ROWS] = starts.map(|start| left.add(start));
                let mut position = 0;
                for _ in 0..segment.length {
                    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
                    for (v, vector) in vectors.iter_mut().enumerate() {
                        *vector = right.add(v * lanes).cast::<S::f32s>().read_unaligned();
                    }
                    for (sums, row) in sums.iter_mut().zip(rows) {
                        let scalar = simd.splat_f32s(*row.add(position));
                        for (sum, vector) in sums.iter_mut().zip(vectors) {
                            *sum = mul_add(simd, scalar, vector, *sum);
                        }
                    }
                    right = right.wrapping_add(self.stride);
                    position += self.step;
                }
            }
        }
        sums
    }
}

#[inline(always)]
pub(crate) fn store<S: Simd, const VECTORS: usize>(
    simd: S,
    sums: &[S::f32s; VECTORS],
    output: &mut [f32],
    finish: Finish<'_>,
    target: usize,
) {
    let lanes = S::F32_LANES;
    for (v, (sum, output)) in sums.iter().zip(output.chunks_mut(lanes)).enumerate() {
        let value = match finish {
            Finish::Store => *sum,
            Finish::Bias(bias) => {
                let bias = &bias[v * lanes..v * lanes + output.len()];
                simd.add_f32s(*sum, load(simd, bias))
            }
            Finish::Add => simd.add_f32s(*sum, load(simd, output)),
            Finish::AddBias(bias) => {
                let bias = &bias[v * lanes..v * lanes + output.len()];
                simd.add_f32s(simd.add_f32s(*sum, load(simd, output)), load(simd, bias))
            }
            Finish::Then(epilogue) => {
                let columns = v * lanes..v * lanes + output.len();
                epilogue.apply(simd, *sum, columns, target + v * lanes)
            }
        };
        simd::store(simd, output, value);
    }
}
