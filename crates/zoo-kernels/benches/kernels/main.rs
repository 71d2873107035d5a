//! Every kernel and Burn's own operation, at the shapes of `zoo bench`'s built-in cases.
//!
//! `cargo bench --bench kernels` prints them all, `cargo bench --bench kernels -- conv2d` one.
//! `RAYON_NUM_THREADS` sets the threads.

mod images;
mod steps;
mod tokens;

use std::time::Duration;

use burn::tensor::{Device, Distribution, Tensor};
use divan::Bencher;

fn main() {
    divan::Divan::from_args().sample_size(1).max_time(Duration::from_secs(1)).main();
}

/// Whose operation is timed.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Zoo,
    Burn,
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
enum Pass {
    Infer,
    /// Forward and backward.
    Train,
}

/// One line of the table: a shape, whose operation and which pass.
type Line<S> = (S, Pass, Whose);

/// Both passes of every shape, ours and then Burn's.
fn lines<S: Copy>(shapes: &[S]) -> Vec<Line<S>> {
    let passes = |shape: &S| {
        let shape = *shape;
        [Pass::Infer, Pass::Train]
            .into_iter()
            .flat_map(move |pass| [Whose::Zoo, Whose::Burn].map(move |whose| (shape, pass, whose)))
    };
    shapes.iter().flat_map(passes).collect()
}

/// Times `operation` on flat inputs of the given sizes, which are the same every time.
fn time<const D: usize>(
    bencher: Bencher,
    pass: Pass,
    sizes: &[usize],
    operation: impl Fn(&[Tensor<1>]) -> Tensor<D>,
) {
    let input = |size: &usize| {
        let values = Distribution::Uniform(-1.0, 1.0);
        let tensor = Tensor::<1>::random([*size], values, &Device::flex());
        match pass {
            Pass::Infer => tensor,
            Pass::Train => {
                Tensor::from_data(tensor.into_data(), &Device::flex().autodiff()).require_grad()
            }
        }
    };
    let inputs: Vec<Tensor<1>> = sizes.iter().map(input).collect();
    bencher.bench_local(|| {
        let output = operation(&inputs);
        match pass {
            Pass::Infer => (Some(output), None),
            Pass::Train => (None, Some(output.backward())),
        }
    });
}
