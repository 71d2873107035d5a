//! Weights are packed for the first passes without gradients and then kept so. What is kept is never of
//! other weights than those that a layer has, and gives the same bits.
#![cfg(feature = "flex")]

use burn::{
    module::{Module, ModuleMapper, Param},
    nn::PaddingConfig2d,
    optim::{GradientsParams, SgdConfig},
    tensor::{Device, Tensor, TensorData},
};
use zoo_kernels::{
    Precision,
    nn::{Conv2d, Conv2dConfig, Linear, LinearConfig},
};

/// Passes after which everything is kept and has been used.
const PASSES: usize = 7;

/// A layer for every way to pack weights: for windows, also in groups, for Winograd's convolution, of a linear
/// layer of more than a few rows, and of one of few rows of an odd number of inputs, which it sums in two blocks.
#[derive(Module, Debug)]
struct Layers {
    windows: Conv2d,
    groups: Conv2d,
    winograd: Conv2d,
    linear: Linear,
    deep: Linear,
}

impl Layers {
    fn new(device: &Device) -> Self {
        let same = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let conv = |kernel, groups| {
            let config = Conv2dConfig::new([16, 16], [kernel; 2]).with_groups(groups);
            let padding = if kernel == 3 { same.clone() } else { PaddingConfig2d::Valid };
            config.with_padding(padding).init(device)
        };
        Self {
            windows: conv(1, 1),
            groups: conv(3, 2),
            winograd: conv(3, 1),
            linear: LinearConfig::new(16, 20).init(device),
            deep: LinearConfig::new(DEEP, 840).init(device),
        }
    }

    /// The outputs of all layers, as bits.
    fn outputs(&self, images: &Tensor<4>) -> Vec<u32> {
        let convolved = [&self.windows, &self.groups, &self.winograd].map(|conv| {
            conv.forward(images.clone()).into_data().iter::<f32>().map(f32::to_bits).collect()
        });
        let linear = [
            self.linear.forward(images.clone().reshape([-1, 16])),
            self.deep.forward(deep(images)),
        ]
        .map(|rows| rows.into_data().iter::<f32>().map(f32::to_bits).collect());
        convolved.into_iter().chain(linear).flat_map(|outputs: Vec<u32>| outputs).collect()
    }

    /// The same layers with weights that nothing has ever been made of.
    fn copied(&self, device: &Device) -> Self {
        struct Copy<'a>(&'a Device);
        impl ModuleMapper for Copy<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|tensor| {
                    let values: Vec<f32> = tensor.to_data().iter::<f32>().collect();
                    Tensor::from_data(TensorData::new(values, tensor.dims()), self.0)
                })
            }
        }
        self.clone().map(&mut Copy(device))
    }

    /// What they give, after having given it often enough for everything to be kept.
    fn settled(&self, images: &Tensor<4>, device: &Device) -> Vec<u32> {
        let fresh = self.copied(device).outputs(images);
        for pass in 0..PASSES {
            assert!(self.outputs(images) == fresh, "pass {pass}");
        }
        fresh
    }
}

/// Inputs of the layer of few rows.
const DEEP: usize = 639;

/// Its rows.
fn deep(images: &Tensor<4>) -> Tensor<2> {
    images.clone().reshape([-1, 640]).narrow(1, 0, DEEP)
}

/// 20 images of 4 x 4 pixels: more rows than are few.
fn images(device: &Device) -> Tensor<4> {
    let number =
        |index: u32| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0;
    let numbers: Vec<f32> = (0..20 * 16 * 16).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, [20, 16, 4, 4]), device)
}

/// Adds to every weight: in place, where nothing refers to it.
struct Add(f32);

impl ModuleMapper for Add {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.add_scalar(self.0))
    }
}

#[test]
fn what_is_kept_gives_the_same_bits() {
    let device = Device::flex();
    let images = images(&device);
    let layers = Layers::new(&device);
    let first = Precision::ALL.map(|precision| {
        let _scope = precision.enter();
        layers.settled(&images, &device)
    });
    assert!(first[0] != first[1]);
    let clone = layers.clone();
    drop(layers);
    for (precision, first) in Precision::ALL.into_iter().zip(&first) {
        let _scope = precision.enter();
        assert!(clone.outputs(&images) == *first, "{precision}");
        // Whatever the number of images: some alone give what they give among others.
        let some = clone.outputs(&images.clone().narrow(0, 0, 5));
        assert_eq!(some[..5 * 16 * 16], first[..5 * 16 * 16], "{precision}");
    }
}

#[test]
fn weights_that_change_never_meet_what_was_made_of_the_old_ones() {
    Precision::ALL.into_iter().for_each(change_weights);
}

fn change_weights(precision: Precision) {
    let _scope = precision.enter();
    let device = Device::flex();
    let images = images(&device);
    let mut layers = Layers::new(&device);
    let mut seen = vec![layers.settled(&images, &device)];
    for step in 1..6 {
        layers = layers.map(&mut Add(step as f32 / 8.0));
        let outputs = layers.settled(&images, &device);
        assert!(!seen.contains(&outputs), "step {step}");
        seen.push(outputs);
    }
    // Weights in the memory of those that are no more.
    for step in 0..20 {
        drop(layers);
        layers = Layers::new(&device);
        let outputs = layers.settled(&images, &device);
        assert!(!seen.contains(&outputs), "network {step}");
    }
}

#[test]
fn a_training_is_looked_at_between_its_steps() {
    Precision::ALL.into_iter().for_each(look_between_steps);
}

fn look_between_steps(precision: Precision) {
    let _scope = precision.enter();
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let mut layers = Layers::new(&device);
    let mut optimizer = SgdConfig::new().init();
    let mut seen = Vec::new();
    for step in 0..4 {
        let outputs = layers.valid().settled(&images(&plain), &plain);
        assert!(!seen.contains(&outputs), "step {step}");
        seen.push(outputs);
        let images = images(&device);
        let convolved = [&layers.windows, &layers.groups, &layers.winograd]
            .map(|conv| conv.forward(images.clone()).sum());
        let rows = layers.linear.forward(images.clone().reshape([320, 16])).sum();
        let few = layers.deep.forward(deep(&images)).sum();
        let loss = convolved.into_iter().fold(rows + few, |sum, part| sum + part);
        let gradients = GradientsParams::from_grads(loss.backward(), &layers);
        layers = optimizer.step(1e-3, layers, gradients);
    }
}

#[test]
fn threads_that_share_weights_agree() {
    let device = Device::flex();
    let layers = Layers::new(&device);
    for precision in Precision::ALL {
        let _scope = precision.enter();
        let expected = layers.copied(&device).outputs(&images(&device));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _scope = precision.enter();
                    for _ in 0..2 * PASSES {
                        assert!(layers.outputs(&images(&device)) == expected);
                    }
                });
            }
        });
    }
}
