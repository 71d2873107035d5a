//! Matrix products by the `gemm` crate, on views with any strides.

use gemm::Parallelism;

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Elements from a row to the next.
    pub(crate) row_stride: usize,
    /// Elements from a column to the next.
    pub(crate) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A dense row-major matrix.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// A row-major matrix whose rows are `row_stride` elements apart.
    pub(crate) fn strided(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn check(&self) {
        let furthest = self.rows.saturating_sub(1) * self.row_stride
            + self.columns.saturating_sub(1) * self.column_stride;
        assert!(self.rows == 0 || self.columns == 0 || furthest < self.values.len());
    }
}

/// Writes `factor * left * right` to the row-major matrix `output`, whose rows are `stride`
/// elements apart, on the calling thread.
///
/// # Panics
/// If the sizes do not fit each other or the slices.
pub(crate) fn multiply(
    left: Matrix<'_>,
    right: Matrix<'_>,
    factor: f32,
    (output, stride): (&mut [f32], usize),
) {
    let (m, n) = (left.rows, right.columns);
    assert!(stride >= n && (m == 0 || (m - 1) * stride + n <= output.len()));
    // SAFETY: the assertion bounds every element of the result by the length of `output`, which is
    // borrowed mutably.
    unsafe { multiply_to(left, right, factor, (output.as_mut_ptr(), stride)) }
}

/// [`multiply`] to a matrix of which only the elements of the result are the caller's.
///
/// # Safety
/// All elements of the result are valid, and nothing else uses them during the call.
///
/// # Panics
/// If the sizes do not fit each other or the slices.
pub(crate) unsafe fn multiply_to(
    left: Matrix<'_>,
    right: Matrix<'_>,
    factor: f32,
    output: (*mut f32, usize),
) {
    // SAFETY: the caller's promise.
    unsafe { product(left, right, factor, output, false) }
}

/// [`multiply_to`] that adds the product to what is there.
///
/// # Safety
/// That of [`multiply_to`]; all elements of the result have been written before.
///
/// # Panics
/// If the sizes do not fit each other or the slices.
pub(crate) unsafe fn multiply_add_to(
    left: Matrix<'_>,
    right: Matrix<'_>,
    output: (*mut f32, usize),
) {
    // SAFETY: the caller's promise.
    unsafe { product(left, right, 1.0, output, true) }
}

/// # Safety
/// That of [`multiply_to`]; with `adds`, that of [`multiply_add_to`].
unsafe fn product(
    left: Matrix<'_>,
    right: Matrix<'_>,
    factor: f32,
    (output, stride): (*mut f32, usize),
    adds: bool,
) {
    assert_eq!(left.columns, right.rows);
    left.check();
    right.check();
    let (m, n, k) = (left.rows, right.columns, left.columns);
    // SAFETY: `check` bounds every element of both sides by the length of its slice; for the result
    // it is the caller's promise.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            output,
            1,
            stride as isize,
            adds,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            factor,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
