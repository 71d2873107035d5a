//! The network: shapes, weights by name, gradients, and that it learns.

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::loss::CrossEntropyLossConfig,
    optim::{AdamConfig, GradientsParams},
    tensor::{Device, Gradients, Int, Tensor, TensorData},
};
use zoo_cnn::{Activation, Cnn, CnnConfig, CnnPreset, Pooling};

/// A network that trains in no time.
fn tiny(preset: CnnPreset) -> CnnConfig {
    let config =
        CnnConfig::preset(preset).with_num_classes(4).with_image_size(16).with_dropout(0.0);
    CnnConfig { stem: config.stem / 8, hidden: config.hidden / 16, ..config.with_widths([8, 12]) }
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

#[derive(Default)]
struct Parameters {
    path: Vec<String>,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Parameters {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.path.join("."), param.lazy_shape().as_slice().to_vec()));
    }
}

fn parameters(model: &Cnn) -> Vec<(String, Vec<usize>)> {
    let mut parameters = Parameters::default();
    model.visit(&mut parameters);
    parameters.found
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
fn small_has_these_weights() {
    let model = CnnConfig::preset(CnnPreset::Small).with_num_classes(10).init(&Device::flex());
    let expected: [(&str, &[usize]); 19] = [
        ("stages.0.block.conv.weight", &[32, 3, 3, 3]),
        ("stages.0.block.norm.gamma", &[32]),
        ("stages.0.block.norm.beta", &[32]),
        ("stages.0.block.norm.running_mean", &[32]),
        ("stages.0.block.norm.running_var", &[32]),
        ("stages.1.block.conv.weight", &[64, 32, 3, 3]),
        ("stages.1.block.norm.gamma", &[64]),
        ("stages.1.block.norm.beta", &[64]),
        ("stages.1.block.norm.running_mean", &[64]),
        ("stages.1.block.norm.running_var", &[64]),
        ("stages.2.block.conv.weight", &[128, 64, 3, 3]),
        ("stages.2.block.norm.gamma", &[128]),
        ("stages.2.block.norm.beta", &[128]),
        ("stages.2.block.norm.running_mean", &[128]),
        ("stages.2.block.norm.running_var", &[128]),
        ("fc1.weight", &[2048, 256]),
        ("fc1.bias", &[256]),
        ("head.weight", &[256, 10]),
        ("head.bias", &[10]),
    ];
    let expected = expected.map(|(path, shape)| (path.to_owned(), shape.to_vec()));
    assert_eq!(parameters(&model), expected);
}

#[test]
fn residual_stages_hold_three_convolutions() {
    let model = CnnConfig::preset(CnnPreset::Residual).init(&Device::flex());
    let names: Vec<String> = parameters(&model).into_iter().map(|(path, _)| path).collect();
    let convolutions: Vec<&str> =
        names.iter().filter_map(|name| name.strip_suffix(".conv.weight")).collect();
    let expected = [
        "stem",
        "stages.0.block",
        "stages.0.residual.0",
        "stages.0.residual.1",
        "stages.1.block",
        "stages.1.residual.0",
        "stages.1.residual.1",
        "stages.2.block",
        "stages.2.residual.0",
        "stages.2.residual.1",
    ];
    assert_eq!(convolutions, expected);
    assert!(!names.iter().any(|name| name.ends_with("conv.bias") || name.starts_with("fc1")));
}

/// Burn counts the running statistics of batch normalisation (two numbers a channel) among the
/// parameters.
#[test]
fn parameter_counts() {
    let count = |config: CnnConfig| config.init(&Device::flex()).num_params();
    let preset = |preset| CnnConfig::preset(preset).with_num_classes(10);
    let running = |channels: usize| 2 * channels;

    let small = 864 + 18_432 + 73_728 + 2 * 224 + 524_544 + 2_570;
    assert_eq!(small, 620_586);
    assert_eq!(count(preset(CnnPreset::Small)), small + running(224));

    let convolutions = 864 + 18_432 + 2 * 73_728 + 2 * 294_912 + 2 * 589_824;
    let residual = convolutions + 2 * 1_376 + 2_570;
    assert_eq!(count(preset(CnnPreset::Residual)), residual + running(1_376));
}

#[test]
fn biases_take_the_place_of_normalisation() {
    let config = CnnConfig { batch_norm: false, ..tiny(CnnPreset::Residual) };
    let names: Vec<String> =
        parameters(&config.init(&Device::flex())).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with("conv.bias")).count(), 7);
    assert!(!names.iter().any(|name| name.contains("norm")));
}

#[test]
fn output_has_a_score_per_class() {
    let device = Device::flex();
    for preset in CnnPreset::ALL.iter().copied() {
        for (channels, side) in [(1, 28), (3, 32), (3, 35)] {
            let config = CnnConfig::preset(preset)
                .with_num_classes(7)
                .with_channels(channels)
                .with_image_size(side);
            let scores = config.init(&device).forward(images([2, channels, side, side], &device));
            assert_eq!(scores.dims(), [2, 7], "{preset} at {channels} x {side} px");
        }
    }
}

#[test]
fn features_shrink_with_each_stage() {
    let device = Device::flex();
    let config = tiny(CnnPreset::Residual).with_widths([4, 5, 6]).with_image_size(35);
    let features = config.init(&device).features(images([2, 3, 35, 35], &device));
    assert_eq!(features.dims(), [2, 6, 4, 4]);
}

#[test]
fn global_pooling_takes_any_size() {
    let device = Device::flex();
    let model = tiny(CnnPreset::Residual).init(&device);
    assert_eq!(model.forward(images([1, 3, 4, 21], &device)).dims(), [1, 4]);
}

#[test]
#[should_panic(expected = "images must be at least 4 px high and wide, found 21 x 3 px")]
fn global_pooling_needs_a_pixel() {
    let device = Device::flex();
    tiny(CnnPreset::Residual).init(&device).forward(images([1, 3, 21, 3], &device));
}

#[test]
#[should_panic(expected = "axis 1 expected 3, got 1")]
fn other_channels_are_refused() {
    let device = Device::flex();
    tiny(CnnPreset::Small).init(&device).forward(images([1, 1, 16, 16], &device));
}

#[test]
#[should_panic(expected = "axis 3 expected 16, got 17")]
fn other_sizes_are_refused_without_global_pooling() {
    let device = Device::flex();
    tiny(CnnPreset::Small).init(&device).forward(images([1, 3, 16, 17], &device));
}

#[test]
fn logit_scale_is_a_factor() {
    let device = Device::flex();
    let features = images([2, 12, 4, 4], &device);
    let model =
        |logit_scale| CnnConfig { logit_scale, hidden: 0, ..tiny(CnnPreset::Small) }.init(&device);
    let (plain, mut scaled) = (model(1.0), model(0.25));
    scaled.head = plain.head.clone();
    let expected = plain.classify(features.clone()) * 0.25;
    assert_eq!(scaled.classify(features).into_data(), expected.into_data());
}

#[test]
fn every_parameter_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    let activations = [
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Gelu,
        Activation::Silu,
        Activation::Tanh,
    ];
    let configs = CnnPreset::ALL.iter().flat_map(|&preset| {
        activations.map(|activation| CnnConfig { activation, dropout: 0.5, ..tiny(preset) })
    });
    let poolings = [Pooling::Average, Pooling::None].map(|pooling| CnnConfig {
        pooling,
        global_pooling: pooling,
        batch_norm: false,
        ..tiny(CnnPreset::Residual)
    });
    for config in configs.chain(poolings) {
        let model = config.init(&device);
        let gradients = model.forward(images([3, 3, 16, 16], &device)).square().mean().backward();
        let mut finite = FiniteGradients { gradients: &gradients, count: 0 };
        model.visit(&mut finite);
        let trained =
            parameters(&model).iter().filter(|(path, _)| !path.contains("running")).count();
        assert_eq!(finite.count, trained, "{config:?}");
    }
}

#[test]
fn sixteen_images_are_learned_by_heart() {
    let device = Device::flex().autodiff();
    let labels: Vec<i64> = (0..16).map(|index| index * 7 % 4).collect();
    let targets = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    for preset in CnnPreset::ALL.iter().copied() {
        let mut model = tiny(preset).init(&device);
        let mut optimizer = AdamConfig::new().init();
        let loss = CrossEntropyLossConfig::new().init(&device);
        for _ in 0..150 {
            let logits = model.forward(images([16, 3, 16, 16], &device));
            let gradients = loss.forward(logits, targets.clone()).backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            model = optimizer.step(5e-3, model, gradients);
        }
        let scores = model.valid().forward(images([16, 3, 16, 16], &Device::flex()));
        let predictions: Vec<i64> = scores.argmax(1).into_data().iter().collect();
        assert_eq!(predictions, labels, "{preset}");
    }
}
