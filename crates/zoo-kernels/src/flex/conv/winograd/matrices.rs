//! The small matrices of the method, applied to a square of vectors.

use pulp::Simd;

use super::correlation::{KERNEL, PATCH, TILE};

/// A square of vectors.
pub(super) type Square<S, const SIDE: usize> = [[<S as Simd>::f32s; SIDE]; SIDE];

#[inline(always)]
fn transpose<S: Simd>(values: Square<S, PATCH>) -> Square<S, PATCH> {
    let mut turned = values;
    for (row, values) in values.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            turned[column][row] = *value;
        }
    }
    turned
}

/// `Bᵀ d B`, with `Bᵀ` = `[1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]`.
#[inline(always)]
pub(super) fn of_input<S: Simd>(simd: S, values: Square<S, PATCH>) -> Square<S, PATCH> {
    let mut values = values;
    for _ in 0..2 {
        values = transpose::<S>(values);
        for line in &mut values {
            let [a, b, c, d] = *line;
            *line = [
                simd.sub_f32s(a, c),
                simd.add_f32s(b, c),
                simd.sub_f32s(c, b),
                simd.sub_f32s(b, d),
            ];
        }
    }
    values
}

/// `Aᵀ m A`, with `Aᵀ` = `[1 1 1 0; 0 1 -1 -1]`.
#[inline(always)]
pub(super) fn of_products<S: Simd>(simd: S, products: Square<S, PATCH>) -> Square<S, TILE> {
    let mut lines = [[simd.splat_f32s(0.0); TILE]; PATCH];
    for (line, products) in lines.iter_mut().zip(products) {
        *line = fold(simd, products);
    }
    let [p, q, r, s] = lines;
    let (left, right) =
        (fold(simd, [p[0], q[0], r[0], s[0]]), fold(simd, [p[1], q[1], r[1], s[1]]));
    [[left[0], right[0]], [left[1], right[1]]]
}

#[inline(always)]
fn fold<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; PATCH]) -> [S::f32s; TILE] {
    let (sum, difference) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
    [simd.add_f32s(a, sum), simd.sub_f32s(difference, d)]
}

/// `A g Aᵀ`, the transpose of [`of_products`].
#[inline(always)]
pub(super) fn of_gradient<S: Simd>(simd: S, gradient: Square<S, TILE>) -> Square<S, PATCH> {
    let [[a, b], [c, d]] = gradient;
    let (left, right) = (spread(simd, [a, c]), spread(simd, [b, d]));
    let mut values = [[simd.splat_f32s(0.0); PATCH]; PATCH];
    for (values, (left, right)) in values.iter_mut().zip(left.into_iter().zip(right)) {
        *values = spread(simd, [left, right]);
    }
    values
}

/// The transpose of [`fold`].
#[inline(always)]
fn spread<S: Simd>(simd: S, [a, b]: [S::f32s; TILE]) -> [S::f32s; PATCH] {
    [a, simd.add_f32s(a, b), simd.sub_f32s(a, b), simd.sub_f32s(simd.splat_f32s(0.0), b)]
}

/// `G w Gᵀ`, with `G` = `[1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1]`.
#[inline(always)]
pub(super) fn of_weights<S: Simd>(simd: S, kernel: Square<S, KERNEL>) -> Square<S, PATCH> {
    let mut lines = [[simd.splat_f32s(0.0); PATCH]; KERNEL];
    for (line, kernel) in lines.iter_mut().zip(kernel) {
        *line = grow(simd, kernel);
    }
    let mut values = [[simd.splat_f32s(0.0); PATCH]; PATCH];
    for column in 0..PATCH {
        let turned = [lines[0][column], lines[1][column], lines[2][column]];
        for (values, value) in values.iter_mut().zip(grow(simd, turned)) {
            values[column] = value;
        }
    }
    values
}

#[inline(always)]
fn grow<S: Simd>(simd: S, [a, b, c]: [S::f32s; KERNEL]) -> [S::f32s; PATCH] {
    let half = simd.splat_f32s(0.5);
    let outer = simd.mul_f32s(half, simd.add_f32s(a, c));
    let inner = simd.mul_f32s(half, b);
    [a, simd.add_f32s(outer, inner), simd.sub_f32s(outer, inner), c]
}

/// `Gᵀ u G`, the transpose of [`of_weights`].
#[inline(always)]
pub(super) fn of_sums<S: Simd>(simd: S, values: Square<S, PATCH>) -> Square<S, KERNEL> {
    let mut lines = [[simd.splat_f32s(0.0); KERNEL]; PATCH];
    for (line, values) in lines.iter_mut().zip(values) {
        *line = shrink(simd, values);
    }
    let mut kernel = [[simd.splat_f32s(0.0); KERNEL]; KERNEL];
    for column in 0..KERNEL {
        let turned = [lines[0][column], lines[1][column], lines[2][column], lines[3][column]];
        for (kernel, value) in kernel.iter_mut().zip(shrink(simd, turned)) {
            kernel[column] = value;
        }
    }
    kernel
}

/// The transpose of [`grow`].
#[inline(always)]
fn shrink<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; PATCH]) -> [S::f32s; KERNEL] {
    let half = simd.splat_f32s(0.5);
    let sum = simd.mul_f32s(half, simd.add_f32s(b, c));
    let difference = simd.mul_f32s(half, simd.sub_f32s(b, c));
    [simd.add_f32s(a, sum), difference, simd.add_f32s(sum, d)]
}
