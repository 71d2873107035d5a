//! Weights that are held in bf16 give what those in f32 give, which products round to it.
#![cfg(feature = "flex")]

use burn::{
    module::{Module, Param},
    tensor::{DType, Device, Tensor, TensorData},
};
use zoo_kernels::{
    Precision,
    nn::{Linear, LinearConfig, held_in},
};

/// Inputs and outputs: an odd number of rows in the last pair, several blocks of terms, part of a panel.
const SIZES: [[usize; 2]; 4] = [[16, 20], [7, 3], [639, 130], [1100, 65]];
/// Rows of few and of many kinds of products.
const ROWS: [usize; 4] = [1, 5, 40, 600];

fn numbers(count: usize) -> Vec<f32> {
    let number = |index: usize| {
        let bits = (index as u32).wrapping_mul(2_654_435_761) >> 8;
        bits as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(number).collect()
}

fn inputs(rows: usize, width: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers(rows * width), [rows, width]), device)
}

fn bits(tensor: Tensor<2>) -> Vec<u32> {
    tensor.into_data().iter::<f32>().map(f32::to_bits).collect()
}

/// The layer with its weights rounded, in f32.
fn rounded(layer: Linear) -> Linear {
    let weight = layer.weight.val().cast(DType::BF16).cast(DType::F32);
    Linear { weight: Param::from_tensor(weight), ..layer }
}

#[test]
fn scores_have_the_same_bits_pass_after_pass() {
    let device = Device::flex();
    let _scope = Precision::Bf16.enter();
    for [width, outputs] in SIZES {
        let layer = LinearConfig::new(width, outputs).init(&device);
        let held = held_in(layer.clone(), Precision::Bf16);
        assert_eq!(held.weight.val().dtype(), DType::BF16);
        assert_eq!(held.bias.as_ref().unwrap().val().dtype(), DType::F32);
        for rows in ROWS {
            let input = inputs(rows, width, &device);
            let expected = bits(layer.forward(input.clone()));
            for pass in 0..3 {
                let found = bits(held.forward(input.clone()));
                assert!(found == expected, "{rows} x {width} x {outputs}, pass {pass}");
            }
        }
    }
}

#[test]
fn in_f32_they_are_what_they_were_rounded_to() {
    let device = Device::flex();
    let layer = LinearConfig::new(639, 130).init(&device);
    let held = held_in(layer.clone(), Precision::Bf16);
    let input = inputs(40, 639, &device);
    assert_eq!(bits(held.forward(input.clone())), bits(rounded(layer.clone()).forward(input)));
    // For who computes in f32 they stay as they are.
    let held = held_in(layer.clone(), Precision::F32);
    assert_eq!(held.weight.val().dtype(), DType::F32);
    assert_eq!(bits(held.weight.val()), bits(layer.weight.val()));
}

#[test]
fn gradients_go_through_them() {
    let device = Device::flex();
    let layer = LinearConfig::new(639, 130).init(&device);
    let gradient = |layer: Linear| {
        let _scope = Precision::Bf16.enter();
        let device = device.clone().autodiff();
        let input = inputs(40, 639, &device).require_grad();
        let output = layer.fork(&device).forward(input.clone());
        bits(input.grad(&output.powi_scalar(2).sum().backward()).unwrap())
    };
    let held = held_in(layer.clone(), Precision::Bf16);
    assert_eq!(gradient(held), gradient(layer));
}

#[test]
fn numbers_are_rounded_to_the_nearest_and_halves_to_even() {
    let device = Device::flex();
    let values = [0x3f80_7fff, 0x3f80_8000, 0x3f81_8000, 0x7f7f_ffff, 0x8070_0000, 0x7fc0_0000_u32];
    let expected = [0x3f80_u16, 0x3f80, 0x3f82, 0x7f80, 0x8000, 0x7fc0];
    let weight = Tensor::<2>::from_data(
        TensorData::new(values.map(f32::from_bits).to_vec(), [6, 1]),
        &device,
    );
    let layer = Linear { weight: Param::from_tensor(weight), bias: None };
    let held = held_in(layer, Precision::Bf16).weight.val().into_data();
    let found: Vec<u16> = held.iter::<f32>().map(|value| (value.to_bits() >> 16) as u16).collect();
    assert_eq!(found, expected);
}
