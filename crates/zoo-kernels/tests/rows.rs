//! What a layer makes of a row does not depend on the rows beside it: an image gets the same answer in
//! every batch, bit for bit.
#![cfg(feature = "flex")]

use burn::tensor::{Device, Tensor, TensorData};
use zoo_kernels::{Precision, nn::LinearConfig};

/// Numbers between -1 and 1 that look random and are the same everywhere.
fn numbers(count: usize) -> Vec<f32> {
    let number = |index: u32| {
        let hash = index.wrapping_mul(2_654_435_761);
        let hash = (hash ^ (hash >> 15)).wrapping_mul(0x85eb_ca6b);
        (hash >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count as u32).map(number).collect()
}

#[test]
fn a_linear_layer_gives_a_row_the_same_in_any_company() {
    let device = Device::flex();
    // Inputs of one block of sums and of several, outputs of part of a vector and of many.
    let sizes = [(64, 10), (512, 100), (513, 10), (1536, 384), (3000, 1000)];
    let cases = Precision::ALL.map(|precision| sizes.map(|sizes| (precision, sizes)));
    for (precision, (inputs, outputs)) in cases.into_iter().flatten() {
        let layer = LinearConfig::new(inputs, outputs).init(&device);
        let forward = |rows: usize| -> Vec<u32> {
            let _scope = precision.enter();
            let data = TensorData::new(numbers(rows * inputs), [rows, inputs]);
            let output = layer.forward(Tensor::<2>::from_data(data, &device));
            output.into_data().iter::<f32>().map(f32::to_bits).collect()
        };
        let all = forward(300);
        for rows in [1, 2, 3, 8, 63, 64, 65, 66, 256, 257] {
            let bits = forward(rows);
            assert_eq!(
                bits,
                all[..rows * outputs],
                "{rows} rows, {inputs} to {outputs}, {precision}"
            );
        }
    }
}
