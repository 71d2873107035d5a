//! Flex tensors as plain slices, and the two orders in which the kernels know them.

use burn::{
    backend::{Flex, TensorMetadata, tensor::FloatTensor},
    tensor::{Shape, TensorData},
};
use rayon::prelude::*;

/// A tensor of the Flex backend.
pub(crate) type Flat = FloatTensor<Flex>;

/// Elements that one task handles in passes over memory. Fixed, so that sums do not depend on the
/// number of threads.
pub(crate) const CHUNK: usize = 1 << 15;

/// Elements that a pass over memory is done with before another thread is awake.
pub(crate) const SMALL: usize = 2 * CHUNK;

/// `length` floats of unknown content.
///
/// # Safety
/// The caller writes every element before it reads any.
pub(crate) unsafe fn uninit(length: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    // SAFETY: the capacity was just reserved, any bits are a float, and the caller writes before
    // reading.
    #[allow(clippy::uninit_vec)]
    unsafe {
        values.set_len(length);
    }
    values
}

/// A tensor of `shape` in row-major order.
pub(crate) fn row_major(values: Vec<f32>, shape: impl Into<Shape>) -> Flat {
    Flat::from_data(TensorData::new(values, shape.into()))
}

/// A tensor of shape `[batch, channels, height, width]` from values in the order `[batch, height,
/// width, channels]`.
pub(crate) fn channels_last(values: Vec<f32>, [n, c, h, w]: [usize; 4]) -> Flat {
    let tensor = row_major(values, [n, h, w, c]);
    let layout = tensor.layout().permute(&[0, 3, 1, 2]);
    tensor.with_layout(layout)
}

/// The dimensions.
///
/// # Panics
/// If the rank is not `D`.
pub(crate) fn dims<const D: usize>(tensor: &Flat) -> [usize; D] {
    tensor.shape().dims()
}

/// The values in the order in which they lie in memory.
///
/// The tensor must be dense: row-major or channels-last.
pub(crate) fn values(tensor: &Flat) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

/// The same to write to; none if another tensor shares the memory.
pub(crate) fn values_mut(tensor: &mut Flat) -> Option<&mut [f32]> {
    let start = tensor.layout().start_offset();
    let length = tensor.layout().num_elements();
    tensor.try_storage_mut::<f32>().map(|storage| &mut storage[start..start + length])
}

/// Whether the values lie in the order `[batch, height, width, channels]`.
pub(crate) fn is_channels_last(tensor: &Flat) -> bool {
    tensor.layout().num_dims() == 4 && tensor.layout().permute(&[0, 2, 3, 1]).is_contiguous()
}

/// The tensor in row-major order; a copy only if it is not so already.
pub(crate) fn into_row_major(tensor: Flat) -> Flat {
    if tensor.is_contiguous() {
        return tensor;
    }
    if !is_channels_last(&tensor) {
        return tensor.to_contiguous();
    }
    let [n, c, h, w] = dims(&tensor);
    let image = c * h * w;
    // SAFETY: `transpose` writes every element of every image.
    let mut output = unsafe { uninit(n * image) };
    output
        .par_chunks_exact_mut(image)
        .zip(values(&tensor).par_chunks_exact(image))
        .for_each(|(output, input)| transpose(input, h * w, c, output));
    row_major(output, [n, c, h, w])
}

/// The tensor in channels-last order; a copy only if it is not so already.
pub(crate) fn into_channels_last(tensor: Flat) -> Flat {
    if is_channels_last(&tensor) {
        return tensor;
    }
    let tensor = into_row_major(tensor);
    let [n, c, h, w] = dims(&tensor);
    let image = c * h * w;
    // SAFETY: `transpose` writes every element of every image.
    let mut output = unsafe { uninit(n * image) };
    output
        .par_chunks_exact_mut(image)
        .zip(values(&tensor).par_chunks_exact(image))
        .for_each(|(output, input)| transpose(input, c, h * w, output));
    channels_last(output, [n, c, h, w])
}

/// The tensor as one dense piece, in whichever of the two orders is nearer.
pub(crate) fn into_dense(tensor: Flat) -> Flat {
    match is_channels_last(&tensor) {
        true => tensor,
        false => into_row_major(tensor),
    }
}

/// `tensor` in the order of the dense tensor `like`.
pub(crate) fn into_order_of(tensor: Flat, like: &Flat) -> Flat {
    match like.is_contiguous() {
        true => into_row_major(tensor),
        false => into_channels_last(tensor),
    }
}

/// Writes the transpose of the `rows` by `columns` matrix `input`, in squares that stay in the
/// cache.
pub(crate) fn transpose(input: &[f32], rows: usize, columns: usize, output: &mut [f32]) {
    const SQUARE: usize = 16;
    for row in (0..rows).step_by(SQUARE) {
        let rows_end = rows.min(row + SQUARE);
        for column in (0..columns).step_by(SQUARE) {
            let columns_end = columns.min(column + SQUARE);
            if rows_end - row == SQUARE && columns_end - column == SQUARE {
                // Of known size, so that nothing is checked element by element.
                let mut square = [[0.0; SQUARE]; SQUARE];
                for (number, line) in square.iter_mut().enumerate() {
                    line.copy_from_slice(&input[(row + number) * columns + column..][..SQUARE]);
                }
                for number in 0..SQUARE {
                    let target = &mut output[(column + number) * rows + row..][..SQUARE];
                    for (element, line) in target.iter_mut().zip(&square) {
                        *element = line[number];
                    }
                }
                continue;
            }
            for column in column..columns_end {
                for row in row..rows_end {
                    output[column * rows + row] = input[row * columns + column];
                }
            }
        }
    }
}

/// Applies `in_place` to the values of `tensor`, on all threads and [`CHUNK`] by chunk.
/// Where another tensor shares the memory, `copy` fills a new one instead; its first argument is
/// the target.
pub(crate) fn update(
    mut tensor: Flat,
    in_place: impl Fn(&mut [f32]) + Send + Sync,
    copy: impl Fn(&mut [f32], &[f32]) + Send + Sync,
) -> Flat {
    if let Some(values) = values_mut(&mut tensor) {
        match values.len() <= SMALL {
            true => in_place(values),
            false => values.par_chunks_mut(CHUNK).for_each(in_place),
        }
        return tensor;
    }
    let input = values(&tensor);
    if input.len() <= SMALL {
        // SAFETY: `copy` writes every element.
        let mut output = unsafe { uninit(input.len()) };
        copy(&mut output, input);
        return like(output, &tensor);
    }
    // SAFETY: `copy` writes every element.
    let mut output = unsafe { uninit(input.len()) };
    output
        .par_chunks_mut(CHUNK)
        .zip(input.par_chunks(CHUNK))
        .for_each(|(output, input)| copy(output, input));
    like(output, &tensor)
}

/// A tensor of new `values` with shape and order of the dense tensor `like`.
pub(crate) fn like(values: Vec<f32>, like: &Flat) -> Flat {
    match like.is_contiguous() {
        true => row_major(values, like.shape()),
        false => channels_last(values, dims(like)),
    }
}

/// A pointer that tasks on several threads may write through, each to elements of its own.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: the pointer itself is plain data; `slice` puts the duty of not sharing elements on its
// callers.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Shares `values` out. They must outlive the tasks.
    pub(crate) fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// Elements `start..start + length`.
    ///
    /// # Safety
    /// They lie within the slice that [`new`](Self::new) was given, which is still alive, and
    /// nothing else refers to them while the returned slice lives.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn slice<'a>(self, start: usize, length: usize) -> &'a mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), length) }
    }

    /// The position of element `start`.
    ///
    /// # Safety
    /// It lies within the slice that [`new`](Self::new) was given, which is still alive.
    pub(crate) unsafe fn pointer(self, start: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(start) }
    }
}
