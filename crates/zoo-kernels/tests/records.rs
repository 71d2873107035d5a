//! Records go both ways between Burn's layers and ours, and optimizers go on from theirs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::{
    module::Module,
    nn as stock,
    optim::{GradientsParams, module_optimizer::ModuleOptimizer},
    tensor::{Device, Tensor},
};
use zoo_kernels::{
    nn::{
        BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, LayerNorm, LayerNormConfig, Linear,
        LinearConfig,
    },
    optim::{AdamWConfig, SgdConfig},
};

#[derive(Module, Debug)]
struct Ours {
    conv: Conv2d,
    norm: BatchNorm,
    layer_norm: LayerNorm,
    head: Linear,
}

#[derive(Module, Debug)]
struct Burns {
    conv: stock::conv::Conv2d,
    norm: stock::BatchNorm,
    layer_norm: stock::LayerNorm,
    head: stock::Linear,
}

fn ours(device: &Device) -> Ours {
    Ours {
        conv: Conv2dConfig::new([3, 4], [3, 3]).init(device),
        norm: BatchNormConfig::new(4).init(device),
        layer_norm: LayerNormConfig::new(6).init(device),
        head: LinearConfig::new(6, 5).init(device),
    }
}

fn burns(device: &Device) -> Burns {
    Burns {
        conv: stock::conv::Conv2dConfig::new([3, 4], [3, 3]).init(device),
        norm: stock::BatchNormConfig::new(4).init(device),
        layer_norm: stock::LayerNormConfig::new(6).init(device),
        head: stock::LinearConfig::new(6, 5).init(device),
    }
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

impl Ours {
    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.head.forward(self.layer_norm.forward(self.norm.forward(self.conv.forward(images))))
    }
}

impl Burns {
    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.head.forward(self.layer_norm.forward(self.norm.forward(self.conv.forward(images))))
    }
}

fn images(device: &Device) -> Tensor<4> {
    let count = 2 * 3 * 8 * 8;
    let values: Vec<f32> = (0..count).map(|x| (x * 37 % 101) as f32 / 50.0 - 1.0).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape([2, 3, 8, 8])
}

/// Flex has one generator for the whole process: a test that draws weights waits for its turn, so
/// that none draws between another's seed and its numbers.
fn turn() -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn records_go_both_ways() {
    let _turn = turn();
    let device = Device::flex();
    let (a, b) = (ours(&device), burns(&device));
    let near = |found: Vec<f32>, expected: Vec<f32>| {
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
    };
    let loaded = burns(&device).load_record(a.clone().into_record());
    near(floats(loaded.forward(images(&device))), floats(a.forward(images(&device))));
    let loaded = ours(&device).load_record(b.clone().into_record());
    near(floats(loaded.forward(images(&device))), floats(b.forward(images(&device))));
}

#[test]
fn fresh_weights_are_burns() {
    let _turn = turn();
    let device = Device::flex();
    device.seed(7);
    let found = ours(&device);
    let found = [floats(found.conv.weight.val()), floats(found.head.weight.val())];
    device.seed(7);
    let expected = burns(&device);
    let expected = [floats(expected.conv.weight.val()), floats(expected.head.weight.val())];
    assert_eq!(found, expected);
}

/// Three steps in one go, and two with the third after a record.
fn resumes(optimizer: impl Fn() -> ModuleOptimizer) {
    let device = Device::flex().autodiff();
    let step = |model: Ours, optimizer: &mut ModuleOptimizer| {
        let loss = model.forward(images(&device)).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        optimizer.step(0.1, model, gradients)
    };
    let mut first = optimizer();
    let mut model = ours(&device);
    for _ in 0..2 {
        model = step(model, &mut first);
    }
    let mut second = optimizer().load_record(first.to_record());
    let again = step(model.clone(), &mut second);
    let once = step(model, &mut first);
    assert_eq!(floats(once.conv.weight.val()), floats(again.conv.weight.val()));
    assert_eq!(floats(once.head.weight.val()), floats(again.head.weight.val()));
}

#[test]
fn optimizers_resume() {
    let _turn = turn();
    resumes(|| SgdConfig::new().with_momentum(0.9).init());
    resumes(|| AdamWConfig::new().init());
}
