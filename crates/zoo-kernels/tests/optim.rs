//! Optimizers against numbers worked out by hand and against Burn's own, with the kernels and
//! without.
#![allow(deprecated, reason = "the ndarray backend stands for every backend without kernels")]

use burn::{
    optim::{AdamWState, Optimizer},
    tensor::{Device, Tensor},
};
use zoo_kernels::optim::{AdamWConfig, SgdConfig, SgdState};

fn devices() -> [Device; 2] {
    [Device::flex(), Device::ndarray()]
}

fn floats(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

#[track_caller]
fn assert_near(found: &Tensor<1>, expected: &[f32], tolerance: f32) {
    for (found, expected) in floats(found).iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{found} instead of {expected}");
    }
}

/// Steps of learning rate 0.5 with gradients (1, -2), then (1, 0), from parameters (1, 2).
fn two_steps<O: Optimizer>(optimizer: &O, device: &Device) -> [Tensor<1>; 2] {
    let start = Tensor::<1>::from_floats([1.0, 2.0], device);
    let gradient = Tensor::<1>::from_floats([1.0, -2.0], device);
    let (first, state) = optimizer.step(0.5, start, gradient, None);
    let kept = first.clone();
    let gradient = Tensor::<1>::from_floats([1.0, 0.0], device);
    let (second, _) = optimizer.step(0.5, first, gradient, state);
    [kept, second]
}

#[test]
fn sgd_without_momentum() {
    for device in devices() {
        let [first, second] = two_steps(&SgdConfig::new().build(), &device);
        assert_eq!(floats(&first), [0.5, 3.0]);
        assert_eq!(floats(&second), [0.0, 3.0]);
        let [first, _] = two_steps(&SgdConfig::new().with_weight_decay(0.5).build(), &device);
        assert_eq!(floats(&first), [0.25, 2.5]);
    }
}

#[test]
fn sgd_with_momentum_and_weight_decay() {
    // g = (1.5, -1), v = g, p = (0.25, 2.5); g = (1.125, 1.25), v = (1.875, 0.75), p = (-0.6875,
    // 2.125).
    let sgd = SgdConfig::new().with_momentum(0.5).with_weight_decay(0.5).build();
    for device in devices() {
        let [first, second] = two_steps(&sgd, &device);
        assert_eq!(floats(&first), [0.25, 2.5]);
        assert_eq!(floats(&second), [-0.6875, 2.125]);
    }
}

#[test]
fn sgd_with_nesterov() {
    // v = (1, -2), d = (1.5, -3), p = (0.25, 3.5); v = (1.5, -1), d = (1.75, -0.5), p = (-0.625,
    // 3.75).
    let sgd = SgdConfig::new().with_momentum(0.5).with_nesterov(true).build();
    for device in devices() {
        let [first, second] = two_steps(&sgd, &device);
        assert_eq!(floats(&first), [0.25, 3.5]);
        assert_eq!(floats(&second), [-0.625, 3.75]);
    }
}

#[test]
#[should_panic(expected = "nesterov needs a momentum above 0, found 0")]
fn nesterov_wants_momentum() {
    SgdConfig::new().with_nesterov(true).build();
}

#[test]
fn adamw_by_hand() {
    // At first the corrected moments are g and g², so that a step is lr * sign(g) and the decay lr
    // * 0.1 * p. At second for the first element the same again; for the other m = -0.18, v =
    // 0.003996, and 0.5 * (-0.18 / 0.19) / sqrt(0.003996 / 0.001999) = -0.335029.
    let adamw = AdamWConfig::new().with_weight_decay(0.1).build();
    for device in devices() {
        let [first, second] = two_steps(&adamw, &device);
        assert_near(&first, &[0.45, 2.4], 1e-6);
        assert_near(&second, &[-0.0725, 2.28 + 0.335_029], 1e-6);
    }
}

#[test]
fn adamw_is_burns() {
    let ours = AdamWConfig::new().with_epsilon(1e-5).with_weight_decay(0.01).build();
    let burns = burn::optim::AdamWConfig::new().with_epsilon(1e-5).with_weight_decay(0.01).build();
    for device in devices() {
        let mut tensors = [(); 2].map(|()| Tensor::<1>::from_floats([0.3, -0.7, 2.0], &device));
        let mut states: [Option<AdamWState<1>>; 2] = [None, None];
        for step in 1..6 {
            let gradient = Tensor::<1>::from_floats([0.1, -0.4, 0.7], &device).mul_scalar(step);
            let [a, b] = tensors;
            let [s, t] = states;
            let (a, s) = ours.step(0.1, a, gradient.clone(), s);
            let (b, t) = burns.step(0.1, b, gradient, t);
            // Burn takes 1 - beta of rounded betas.
            assert_near(&a, &floats(&b), 1e-5);
            (tensors, states) = ([a, b], [s, t]);
        }
    }
}

#[test]
fn shared_parameters_and_velocities_stay() {
    let device = Device::flex();
    let sgd = SgdConfig::new().with_momentum(0.5).build();
    let parameter = Tensor::<1>::from_floats([1.0, 2.0], &device);
    let velocity = Tensor::<1>::from_floats([4.0, 8.0], &device);
    let gradient = Tensor::<1>::from_floats([1.0, 1.0], &device);
    let state = SgdState { velocity: Some(velocity.clone()) };
    let (next, _) = sgd.step(1.0, parameter.clone(), gradient.clone(), Some(state));
    assert_eq!(floats(&next), [-2.0, -3.0]);
    assert_eq!(floats(&parameter), [1.0, 2.0]);
    assert_eq!(floats(&velocity), [4.0, 8.0]);
    assert_eq!(floats(&gradient), [1.0, 1.0]);
}

#[test]
fn transposed_parameters_and_gradients() {
    let device = Device::flex();
    let parameter = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &device);
    let gradient = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &device);
    let sgd = SgdConfig::new().build();
    let (next, _) = sgd.step(1.0, parameter.clone(), gradient.clone().transpose(), None);
    assert_eq!(next.into_data().try_to_vec::<f32>().unwrap(), [0.0, -1.0, -2.0, 2.0, 1.0, 0.0]);
    let (next, _) = sgd.step(1.0, parameter.transpose(), gradient, None);
    assert_eq!(next.into_data().try_to_vec::<f32>().unwrap(), [0.0, 2.0, -1.0, 1.0, -2.0, 0.0]);
}
