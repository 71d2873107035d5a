//! Products by AMX: the order of the sums that Intel describes, images read where they lie, and tiles that
//! threads do not lose to each other. Where there is no AMX, these tests say that they are skipped; the same
//! products by other instructions are compared in `narrow`. `scripts/amx_check.sh` runs them in an emulator.

use burn::tensor::{Device, Tensor};
use zoo_kernels::{Precision, nn};

use crate::{
    convolutions, floats, leaf,
    narrow::{assert_all_near, convolution, inputs, narrow_outcome},
    numbers,
    reference::Windows,
    vector,
};

/// Whether products go by tiles here, said out loud.
pub(crate) fn goes_by_tiles() -> bool {
    let found = nn::bf16_instructions();
    println!("products in bf16 by {}", found.unwrap_or("rounding"));
    if found != Some("AMX") {
        println!("skipped: no AMX here, or the system denies it");
    }
    found == Some("AMX")
}

/// Terms that are summed before they are added to the sum of those before them.
const DEPTH: usize = 512;

/// The sum over products of rounded operands as the instruction makes it: of the terms of a step, those of
/// even and those of odd number by themselves, each product added without being rounded before.
fn sum_by_steps(terms: &[(f32, f32)]) -> f32 {
    let blocks = terms.chunks(DEPTH).map(|block| {
        block.chunks(32).fold(0.0, |sum, step| {
            let part = |first: usize| {
                let some = step.iter().skip(first).step_by(2);
                some.fold(0.0_f32, |sum, (a, b)| a.mul_add(*b, sum))
            };
            sum + (part(0) + part(1))
        })
    });
    blocks.reduce(|before, block| block + before).unwrap()
}

fn rounded(values: &[f32]) -> Vec<f32> {
    let round = |value: &f32| {
        let bits = value.to_bits();
        f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
    };
    values.iter().map(round).collect()
}

/// `rows` rows times a matrix.
fn product(rows: usize, from: usize, to: usize) -> Vec<f32> {
    let _scope = Precision::Bf16.enter();
    let device = Device::flex();
    let matrix = |seed, shape: [usize; 2]| -> Tensor<2> {
        vector(shape[0] * shape[1], seed, &device).reshape(shape)
    };
    let layer = nn::Linear { weight: leaf(matrix(2, [from, to])), bias: None };
    floats(layer.forward(matrix(1, [rows, from])))
}

#[test]
fn terms_are_summed_in_the_order_that_intel_describes() {
    if !goes_by_tiles() {
        return;
    }
    for (rows, from, to) in [
        (1, 1, 1),
        (17, 31, 16),
        (5, 64, 70),
        (16, 40, 64),
        (40, 100, 33),
        (48, 90, 130),
        (113, 512, 64),
        (300, 530, 20),
    ] {
        let found = product(rows, from, to);
        let (x, w) = (rounded(&numbers(rows * from, 1)), rounded(&numbers(from * to, 2)));
        for (place, found) in found.iter().enumerate() {
            let (row, column) = (place / to, place % to);
            let terms: Vec<_> =
                (0..from).map(|k| (x[row * from + k], w[k * to + column])).collect();
            let expected = sum_by_steps(&terms);
            assert_eq!(*found, expected, "{rows} {from} {to}: row {row}, column {column}");
        }
    }
}

#[test]
fn images_are_read_where_they_lie() {
    if !goes_by_tiles() {
        return;
    }
    let windows = |size, kernel, stride, padding| Windows { size, kernel, stride, padding };
    for (batch, from, to, windows) in [
        (1, 32, 16, windows([13, 13], [3, 3], [1, 1], [1, 1, 1, 1])),
        (2, 32, 40, windows([8, 8], [3, 3], [1, 1], [1, 1, 1, 1])),
        (1, 64, 8, windows([9, 20], [1, 1], [1, 1], [0, 0, 0, 0])),
        (1, 16, 8, windows([12, 33], [2, 2], [2, 2], [0, 0, 0, 1])),
        (1, 32, 8, windows([27, 19], [1, 3], [2, 1], [0, 1, 0, 1])),
        (3, 8, 8, windows([4, 6], [1, 4], [1, 1], [0, 2, 0, 2])),
    ] {
        let images = [batch, from, windows.size[0], windows.size[1]];
        let weights = [to, from, windows.kernel[0], windows.kernel[1]];
        let sizes = [images.iter().product(), weights.iter().product(), to];
        let found = narrow_outcome(&sizes, |inputs| {
            let (weight, bias) = (inputs[1].clone().reshape(weights), Some(inputs[2].clone()));
            let padding = windows.burn_padding();
            let (layer, _) =
                convolutions([from, to], windows.kernel, windows.stride, 1, padding, weight, bias);
            layer.forward(inputs[0].clone().reshape(images))
        });
        let (inputs, gradient) = inputs(&sizes, found.output.len());
        let (output, gradients) = convolution(&inputs, &gradient, batch, 1, [from, to], &windows);
        assert_all_near(
            &found,
            &output,
            &gradients,
            &format!("{images:?} {weights:?} {windows:?}"),
        );
    }
}

#[test]
fn threads_that_take_turns_keep_their_tiles() {
    if !goes_by_tiles() {
        return;
    }
    let expected = product(96, 256, 64);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    pool.scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|_| {
                for _ in 0..40 {
                    assert!(product(96, 256, 64) == expected);
                }
            });
        }
    });
}
