//! Products of single heads, each read in place.

use rayon::prelude::*;

use crate::flex::{
    bf16::Products,
    matmul::Matrix,
    scratch::with_scratch,
    softmax::{softmax_rows, softmax_rows_backward},
    tensor::{Flat, Shared, dims, into_row_major, uninit},
};

/// Where queries, keys or values of each head lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) batch: usize,
    pub(super) head: usize,
    pub(super) row: usize,
}

impl Place {
    pub(super) fn start(&self, sizes: &Sizes, index: usize) -> usize {
        self.offset + index / sizes.heads * self.batch + index % sizes.heads * self.head
    }

    fn of(tensor: &Flat) -> Self {
        let strides = tensor.layout().strides();
        Self {
            offset: tensor.layout().start_offset(),
            batch: strides[0] as usize,
            head: strides[1] as usize,
            row: strides[2] as usize,
        }
    }
}

/// Sizes of one attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) heads: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    /// Of queries and keys.
    pub(super) width: usize,
    /// Of values.
    pub(super) depth: usize,
}

impl Sizes {
    pub(super) fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// `[batch, heads, rows, width]` in the order (batch, row, head, element), in which heads are
    /// joined without a copy.
    pub(super) fn place(&self, rows: usize, width: usize) -> Place {
        Place { offset: 0, batch: rows * self.heads * width, head: width, row: self.heads * width }
    }
}

/// A tensor read a head at a time.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    pub(super) tensor: Flat,
    pub(super) place: Place,
}

impl Heads {
    /// Of `[batch, heads, rows, width]`.
    pub(super) fn new(tensor: Flat) -> Self {
        let strides = tensor.layout().strides();
        let tensor = match strides[3] == 1 && strides.iter().all(|stride| *stride > 0) {
            true => tensor,
            false => tensor.to_contiguous(),
        };
        let place = Place::of(&tensor);
        Self { tensor, place }
    }

    pub(super) fn head(
        &self,
        sizes: &Sizes,
        index: usize,
        rows: usize,
        columns: usize,
    ) -> Matrix<'_> {
        let values = &self.tensor.storage::<f32>()[self.place.start(sizes, index)..];
        Matrix::strided(values, rows, columns, self.place.row)
    }
}

/// Queries, keys and values.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    pub(super) sizes: Sizes,
    pub(super) products: Products,
    pub(super) query: Heads,
    pub(super) key: Heads,
    pub(super) value: Heads,
}

impl Inputs {
    pub(super) fn new([query, key, value]: [Flat; 3], products: Products) -> Self {
        let [batch, heads, queries, width] = dims(&query);
        let [_, _, keys, depth] = dims(&value);
        assert_eq!(dims(&key), [batch, heads, keys, width], "queries and keys differ");
        assert_eq!(dims(&value), [batch, heads, keys, depth], "queries and values differ");
        Self {
            sizes: Sizes { batch, heads, queries, keys, width, depth },
            products,
            query: Heads::new(query),
            key: Heads::new(key),
            value: Heads::new(value),
        }
    }

    /// Of `[batch, tokens, 3 * heads * width]`: queries, then keys, then values, each a head after
    /// the other.
    pub(super) fn joined(input: Flat, heads: usize, products: Products) -> Self {
        let input = into_row_major(input);
        let [batch, tokens, all] = dims(&input);
        assert_eq!(all % (3 * heads), 0, "{all} features are not 3 times {heads} heads");
        let width = all / (3 * heads);
        let part = |number: usize| Heads {
            tensor: input.clone(),
            place: Place {
                offset: input.layout().start_offset() + number * heads * width,
                batch: tokens * all,
                head: width,
                row: all,
            },
        };
        Self {
            sizes: Sizes { batch, heads, queries: tokens, keys: tokens, width, depth: width },
            products,
            query: part(0),
            key: part(1),
            value: part(2),
        }
    }

    /// The weighted means of the values, in the order (batch, query, head, element), and, if
    /// `keep`, the weights.
    pub(super) fn forward(&self, keep: bool) -> (Vec<f32>, Vec<f32>) {
        let sizes = self.sizes;
        let scores = sizes.queries * sizes.keys;
        let place = sizes.place(sizes.queries, sizes.depth);
        let tasks = sizes.batch * sizes.heads;
        // SAFETY: each head writes its own part of every row; together they fill it.
        let mut output = unsafe { uninit(tasks * sizes.queries * sizes.depth) };
        // SAFETY: each head writes its own weights, if they are kept; else there are none.
        let mut weights = unsafe { uninit(if keep { tasks * scores } else { 0 }) };
        let (shared, shared_weights) = (Shared::new(&mut output), Shared::new(&mut weights));
        (0..tasks).into_par_iter().for_each(|index| {
            let run = |weights: &mut [f32]| {
                self.weigh(index, weights);
                let weights = Matrix::new(weights, sizes.queries, sizes.keys);
                let values = self.value.head(&sizes, index, sizes.keys, sizes.depth);
                // SAFETY: the rows of this head lie within the output, and no other head has
                // elements in them.
                unsafe {
                    let output = (shared.pointer(place.start(&sizes, index)), place.row);
                    self.products.multiply_to(weights, values, 1.0, output);
                }
            };
            match keep {
                // SAFETY: no other head writes to this range.
                true => run(unsafe { shared_weights.slice(index * scores, scores) }),
                false => with_scratch(scores, run),
            }
        });
        (output, weights)
    }

    /// softmax(query * key^T / sqrt(width)) of one head.
    fn weigh(&self, index: usize, weights: &mut [f32]) {
        let sizes = &self.sizes;
        let query = self.query.head(sizes, index, sizes.queries, sizes.width);
        let key = self.key.head(sizes, index, sizes.keys, sizes.width).transposed();
        self.products.multiply(query, key, sizes.scale(), (weights, sizes.keys));
        softmax_rows(weights, sizes.keys);
    }

    /// Writes the gradients of queries, keys and values to their places, from the weights of the
    /// forward pass and the gradient of its output.
    ///
    /// # Safety
    /// The places lie within the slices that they are shared from, are apart from each other, and
    /// nothing else uses them.
    pub(super) unsafe fn backward(
        &self,
        weights: &[f32],
        gradient: &Heads,
        targets: [(Shared, Place); 3],
    ) {
        let sizes = self.sizes;
        let scores = sizes.queries * sizes.keys;
        let write = |left: Matrix<'_>, right: Matrix<'_>, factor, index, target: usize| {
            let (shared, place) = targets[target];
            // SAFETY: the caller's promise, and each head has rows of its own.
            unsafe {
                let output = (shared.pointer(place.start(&sizes, index)), place.row);
                self.products.multiply_to(left, right, factor, output);
            }
        };
        (0..sizes.batch * sizes.heads).into_par_iter().for_each(|index| {
            let gradient = gradient.head(&sizes, index, sizes.queries, sizes.depth);
            let query = self.query.head(&sizes, index, sizes.queries, sizes.width);
            let key = self.key.head(&sizes, index, sizes.keys, sizes.width);
            let value = self.value.head(&sizes, index, sizes.keys, sizes.depth);
            let weights = &weights[index * scores..][..scores];
            let matrix = Matrix::new(weights, sizes.queries, sizes.keys);
            write(matrix.transposed(), gradient, 1.0, index, 2);
            with_scratch(scores, |slope| {
                let target = (&mut *slope, sizes.keys);
                self.products.multiply(gradient, value.transposed(), 1.0, target);
                softmax_rows_backward(weights, sizes.keys, slope);
                let slope = Matrix::new(slope, sizes.queries, sizes.keys);
                write(slope, key, sizes.scale(), index, 0);
                write(slope.transposed(), query, sizes.scale(), index, 1);
            });
        });
    }
}
