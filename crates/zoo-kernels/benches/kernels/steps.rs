use burn::{
    optim::{self as stock, Optimizer},
    tensor::{Device, Tensor},
};
use divan::Bencher;
use zoo_kernels::optim;

use crate::Whose;

/// Parameters of a layer and whose step it is.
type Line = (usize, Whose);

const LINES: [Line; 4] = [
    (192 * 768, Whose::Zoo),
    (192 * 768, Whose::Burn),
    (9216 * 4096, Whose::Zoo),
    (9216 * 4096, Whose::Burn),
];

/// Times the steps of `optimizer` after the first.
fn step<O: Optimizer>(bencher: Bencher, size: usize, optimizer: &O) {
    let ones = || Tensor::<1>::ones([size], &Device::flex());
    let (parameter, state) = optimizer.step(0.1, ones(), ones(), None);
    let mut held = Some((parameter, state));
    bencher.with_inputs(ones).bench_local_values(|gradient| {
        let (parameter, state) = held.take().expect("a step gives back what it took");
        held = Some(optimizer.step(0.1, parameter, gradient, state));
    });
}

#[divan::bench(args = LINES)]
fn sgd(bencher: Bencher, (size, whose): &Line) {
    match whose {
        Whose::Zoo => step(bencher, *size, &optim::SgdConfig::new().with_momentum(0.9).build()),
        Whose::Burn => {
            let momentum = Some(stock::momentum::MomentumConfig::new().with_momentum(0.9));
            step(bencher, *size, &stock::SgdConfig::new().with_momentum(momentum).build());
        }
    }
}

#[divan::bench(args = LINES)]
fn adamw(bencher: Bencher, (size, whose): &Line) {
    match whose {
        Whose::Zoo => step(bencher, *size, &optim::AdamWConfig::new().build()),
        Whose::Burn => step(bencher, *size, &stock::AdamWConfig::new().build()),
    }
}
