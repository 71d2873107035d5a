//! The network: shapes, layers, gradients, and that it learns.

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::{Initializer, loss::CrossEntropyLossConfig},
    optim::{GradientsParams, SgdConfig},
    tensor::{Device, Gradients, Int, Tensor, TensorData, Tolerance},
};
use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
use zoo_kernels::nn::Conv2d;

/// A network that trains in no time.
fn tiny(preset: AlexNetPreset) -> AlexNetConfig {
    AlexNetConfig {
        widths: [16, 24, 32, 24, 16],
        conv1_kernel: 5,
        conv1_stride: 1,
        feature_size: 2,
        hidden: 64,
        dropout: 0.0,
        image_size: 21,
        ..AlexNetConfig::preset(preset).with_num_classes(4)
    }
}

/// Pixels in -1..1 that no two images share.
fn images(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let pixel = |index: u32| {
        let mixed = index.wrapping_mul(2_654_435_761);
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
        ((mixed ^ mixed >> 13) >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let count = shape.iter().product::<usize>() as u32;
    let pixels: Vec<f32> = (0..count).map(pixel).collect();
    Tensor::from_data(TensorData::new(pixels, shape), device)
}

/// Counts the parameters that have a gradient of finite numbers.
struct FiniteGradients<'a> {
    gradients: &'a Gradients,
    count: usize,
}

impl ModuleVisitor for FiniteGradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let finite = gradient.into_data().iter::<f32>().all(f32::is_finite);
            self.count += usize::from(finite);
        }
    }
}

#[test]
fn output_has_a_score_per_class() {
    let device = Device::flex();
    let cases = [
        (AlexNetPreset::Torchvision, [2, 3, 63, 63]),
        (AlexNetPreset::Torchvision, [1, 1, 65, 101]),
        (AlexNetPreset::Paper, [1, 3, 67, 63]),
        (AlexNetPreset::SmallImages, [2, 1, 28, 28]),
        (AlexNetPreset::SmallImages, [2, 3, 15, 64]),
    ];
    for (preset, shape) in cases {
        let config = AlexNetConfig { hidden: 16, ..AlexNetConfig::preset(preset) };
        let model = config.with_channels(shape[1]).with_num_classes(7).init(&device);
        assert_eq!(model.forward(images(shape, &device)).dims(), [shape[0], 7], "{preset}");
    }
}

#[test]
fn maps_of_the_paper_are_13_pixels_wide() {
    let device = Device::flex();
    for preset in [AlexNetPreset::Torchvision, AlexNetPreset::Paper] {
        let widths = [2, 2, 2, 2, 4];
        let config = AlexNetConfig { widths, hidden: 1, ..AlexNetConfig::preset(preset) };
        let maps = config.init(&device).features.forward(images([1, 3, 224, 224], &device));
        assert_eq!(maps.dims(), [1, 4, 13, 13]);
    }
}

#[test]
fn windows_that_overlap_leave_fewer_pixels() {
    let device = Device::flex();
    let maps = |overlapping_pooling| {
        let config = AlexNetConfig { overlapping_pooling, ..tiny(AlexNetPreset::SmallImages) };
        config.init(&device).features.forward(images([1, 3, 64, 64], &device)).dims()
    };
    assert_eq!((maps(true), maps(false)), ([1, 16, 15, 15], [1, 16, 16, 16]));
}

/// Kernels that pass the pixel in their middle, so that only the normalisation is left to see.
fn pass_through(conv: &mut Conv2d, device: &Device) {
    let side = conv.kernel_size[0];
    let mut weights = vec![0f32; side * side];
    weights[side * side / 2] = 1.0;
    let weights = TensorData::new(weights, [1, 1, side, side]);
    conv.weight = Param::from_tensor(Tensor::from_data(weights, device));
    conv.bias = None;
}

/// The paper, section 3.3: b = a / (2 + 0.0001 Σ a²)^0.75; here twice, of one channel.
#[test]
fn local_response_norm_is_the_papers() {
    let device = Device::flex();
    let config = AlexNetConfig { widths: [1; 5], groups: 1, ..tiny(AlexNetPreset::Paper) };
    let mut features = config.with_channels(1).init(&device).features;
    for conv in [
        &mut features.conv1,
        &mut features.conv2,
        &mut features.conv3,
        &mut features.conv4,
        &mut features.conv5,
    ] {
        pass_through(conv, &device);
    }
    let normalized = |a: f32| a / (2.0 + 1e-4 * a * a).powf(0.75);
    let maps = features.forward(Tensor::full([1, 1, 15, 15], 100.0, &device));
    let expected = Tensor::<4>::full([1, 1, 3, 3], normalized(normalized(100.0)), &device);
    maps.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-5));
}

/// With weights of 0 and biases of 1, hidden features are 1, whatever came in. An odd number of
/// them adds up to itself, unless some were dropped and the others doubled.
#[test]
fn dropout_comes_before_or_after_the_hidden_layers() {
    let device = Device::flex().autodiff();
    for dropout_after_hidden in [false, true] {
        let config = AlexNetConfig {
            hidden: 33,
            dropout: 0.5,
            dropout_after_hidden,
            ..tiny(AlexNetPreset::Paper)
        };
        let mut classifier = config.init(&device).classifier;
        classifier.fc7.weight = Initializer::Zeros.init([33, 33], &device);
        classifier.head.weight = Initializer::Ones.init([33, 4], &device);
        let scores = classifier.forward(images([2, 16, 3, 3], &device)).into_data();
        let all_kept = scores.iter::<f32>().all(|score| score == 33.0);
        assert_eq!(all_kept, !dropout_after_hidden, "{scores}");
    }
}

#[test]
#[should_panic(expected = "images must be at least 15 px high and wide, found 40 x 14 px")]
fn small_images_are_refused() {
    let device = Device::flex();
    tiny(AlexNetPreset::SmallImages).init(&device).forward(images([1, 3, 40, 14], &device));
}

#[test]
#[should_panic(expected = "axis 1 expected 3, got 1")]
fn other_channels_are_refused() {
    let device = Device::flex();
    tiny(AlexNetPreset::SmallImages).init(&device).forward(images([1, 1, 21, 21], &device));
}

#[test]
fn every_parameter_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    for preset in AlexNetPreset::ALL.iter().copied() {
        for overlapping_pooling in [false, true] {
            let config = AlexNetConfig { overlapping_pooling, ..tiny(preset) }.with_dropout(0.5);
            let model = config.init(&device);
            let scores = model.forward(images([2, 3, 21, 21], &device));
            let gradients = scores.square().mean().backward();
            let mut finite = FiniteGradients { gradients: &gradients, count: 0 };
            model.visit(&mut finite);
            assert_eq!(finite.count, 16, "{config:?}");
        }
    }
}

#[test]
fn sixteen_images_are_learned_by_heart() {
    let device = Device::flex().autodiff();
    let labels: Vec<i64> = (0..16).map(|index| index * 7 % 4).collect();
    let targets = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut model = tiny(AlexNetPreset::SmallImages).init(&device);
    let mut optimizer = SgdConfig::new().init();
    // How many steps it takes depends on the weights drawn: 200 to 400.
    for _ in 0..2000 {
        let logits = model.forward(images([16, 3, 21, 21], &device));
        let loss = loss.forward(logits, targets.clone());
        if loss.clone().into_scalar::<f32>() < 0.05 {
            break;
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.01, model, gradients);
    }
    let scores = model.valid().forward(images([16, 3, 21, 21], &Device::flex()));
    let predictions: Vec<i64> = scores.argmax(1).into_data().iter().collect();
    assert_eq!(predictions, labels);
}
