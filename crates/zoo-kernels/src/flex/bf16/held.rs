//! Tensors whose numbers are held in bf16.

use burn::{
    backend::TensorMetadata,
    tensor::{Bytes, DType, TensorData, bf16},
};
use pulp::bytemuck::cast_slice;
use rayon::prelude::*;

use super::round::round;
use crate::flex::{
    simd::kernel,
    tensor::{CHUNK, Flat, into_row_major, row_major, uninit, values},
};

/// A tensor with its numbers rounded as products round them, in half of the memory, row-major.
pub(crate) fn narrowed(tensor: Flat) -> Flat {
    let tensor = into_row_major(tensor);
    let values = values(&tensor);
    let mut output = vec![0_u16; values.len()];
    output
        .par_chunks_mut(CHUNK)
        .zip(values.par_chunks(CHUNK))
        .for_each(|(output, values)| upper_halves(values, output));
    let bytes = Bytes::from_elems(output);
    Flat::from_data(TensorData::from_bytes(bytes, tensor.shape(), DType::BF16))
}

/// A row-major tensor of [`narrowed`] as f32.
pub(crate) fn widened(tensor: &Flat) -> Flat {
    let halves = halves(tensor);
    // SAFETY: every element is written.
    let mut output = unsafe { uninit(halves.len()) };
    output.par_chunks_mut(CHUNK).zip(halves.par_chunks(CHUNK)).for_each(|(output, halves)| {
        for (value, half) in output.iter_mut().zip(halves) {
            *value = f32::from_bits(u32::from(*half) << 16);
        }
    });
    row_major(output, tensor.shape())
}

/// The bits of the numbers of a row-major tensor of [`narrowed`].
pub(crate) fn halves(tensor: &Flat) -> &[u16] {
    let start = tensor.layout().start_offset();
    &cast_slice(tensor.storage::<bf16>())[start..start + tensor.layout().num_elements()]
}

kernel! {
    fn upper_halves<S>(simd: S, values: &[f32], target: &mut [u16]) {
        let _ = simd;
        for (target, value) in target.iter_mut().zip(values) {
            *target = (round(*value).to_bits() >> 16) as u16;
        }
    }
}
