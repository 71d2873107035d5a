use burn::{
    nn::{self as stock, PaddingConfig2d},
    tensor::Tensor,
};
use zoo_kernels::nn;

use crate::{assert_agree, floats};

#[test]
fn two_ways_that_meet_again_agree() {
    let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
    let config = nn::MaxPool2dConfig::new([3, 3]).with_strides([1, 1]);
    let pool = config.with_padding(padding.clone()).init();
    let config = stock::pool::MaxPool2dConfig::new([3, 3]).with_strides([1, 1]);
    let burns = config.with_padding(padding).init();
    // The last is larger than one task takes.
    for shape in [[1, 1, 3, 3], [4, 3, 5, 6], [40, 33, 9, 7]] {
        let image = |inputs: &[Tensor<1>]| inputs[0].clone().reshape(shape);
        // Both gradients channels-last.
        assert_agree(
            &format!("{shape:?}"),
            &[shape.iter().product()],
            |inputs| {
                let [one, other] = nn::fork(image(inputs));
                nn::add(pool.forward(one), pool.forward(other.mul_scalar(2.0)))
            },
            |inputs| {
                let other = image(inputs).mul_scalar(2.0);
                burns.forward(image(inputs)) + burns.forward(other)
            },
        );
        // One of them row-major, and the sum's own shared by both ways.
        assert_agree(
            &format!("{shape:?}, in two orders"),
            &[shape.iter().product()],
            |inputs| {
                let [one, other] = nn::fork(image(inputs));
                nn::add(other, pool.forward(one))
            },
            |inputs| image(inputs) + burns.forward(image(inputs)),
        );
    }
}

#[test]
#[should_panic(expected = "sums are of tensors of the same shape")]
fn a_sum_spreads_nothing() {
    let device = burn::tensor::Device::flex();
    let _ = nn::add(Tensor::<2>::zeros([2, 3], &device), Tensor::zeros([1, 3], &device));
}

#[test]
fn a_scaled_branch_agrees() {
    // Rows of one vector and of parts of one, and more rows than one task takes.
    for shape in [[1, 1, 1], [2, 5, 16], [3, 7, 37], [4, 257, 48]] {
        let tokens = |inputs: &[Tensor<1>], number: usize| inputs[number].clone().reshape(shape);
        let size = shape.iter().product();
        assert_agree(
            &format!("{shape:?}"),
            &[size, size, shape[2]],
            |inputs| -> Tensor<3> {
                nn::add_scaled(tokens(inputs, 0), tokens(inputs, 1), inputs[2].clone())
            },
            |inputs| tokens(inputs, 0) + tokens(inputs, 1) * inputs[2].clone().unsqueeze(),
        );
    }
}

#[test]
fn a_scaled_branch_leaves_what_others_refer_to() {
    let device = burn::tensor::Device::flex();
    let around = Tensor::<2>::ones([3, 2], &device);
    let factors = Tensor::<1>::from_floats([2.0, -0.5], &device);
    let sum = nn::add_scaled(around.clone(), Tensor::ones([3, 2], &device), factors);
    assert_eq!(floats(sum), [3.0, 0.5, 3.0, 0.5, 3.0, 0.5]);
    assert_eq!(floats(around), [1.0; 6]);
}

#[test]
#[should_panic(expected = "there is a factor for each feature")]
fn a_factor_is_not_spread() {
    let device = burn::tensor::Device::flex();
    let tokens = Tensor::<2>::zeros([2, 3], &device);
    let _ = nn::add_scaled(tokens.clone(), tokens, Tensor::<1>::zeros([1], &device));
}
