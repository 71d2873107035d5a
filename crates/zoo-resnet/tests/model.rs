//! The network: shapes, weights by name, gradients, and that it learns.

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::loss::CrossEntropyLossConfig,
    optim::{AdamConfig, GradientsParams},
    tensor::{Device, Gradients, Int, Tensor, TensorData},
};
use zoo_resnet::{BlockKind, ResNet, ResNetConfig, ResNetPreset, Shortcut, Stem};

/// A network that trains in no time.
fn tiny(block: BlockKind, stem: Stem, shortcut: Shortcut) -> ResNetConfig {
    let config = ResNetConfig::preset(ResNetPreset::ResNet20).with_num_classes(4);
    ResNetConfig {
        block,
        stem,
        shortcut,
        stem_width: 8,
        ..config.with_image_size(16).with_stages([(1, 8), (2, 12)])
    }
}

fn all_tiny() -> Vec<ResNetConfig> {
    let mut configs = Vec::new();
    for block in [BlockKind::Basic, BlockKind::Bottleneck] {
        for stem in [Stem::SevenBySeven, Stem::ThreeConvolutions, Stem::ThreeByThree] {
            for shortcut in [Shortcut::Convolution, Shortcut::AveragePooling, Shortcut::ZeroPadding]
            {
                configs.push(tiny(block, stem, shortcut));
            }
        }
    }
    configs
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

fn parameters(model: &ResNet) -> Vec<(String, Vec<usize>)> {
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
fn a_small_bottleneck_network_has_these_weights() {
    let config = tiny(BlockKind::Bottleneck, Stem::SevenBySeven, Shortcut::AveragePooling);
    let model = config.with_stages([(1, 2), (2, 3)]).init(&Device::flex());
    let norm = |path: &str, width: usize| {
        ["gamma", "beta", "running_mean", "running_var"]
            .map(|name| (format!("{path}.norm.{name}"), vec![width]))
    };
    let layer = |path: &str, weight: [usize; 4]| {
        let conv = (format!("{path}.conv.weight"), weight.to_vec());
        std::iter::once(conv).chain(norm(path, weight[0])).collect::<Vec<_>>()
    };
    let expected = [
        layer("stem.0", [8, 3, 7, 7]),
        layer("stages.0.blocks.0.layers.0", [2, 8, 1, 1]),
        layer("stages.0.blocks.0.layers.1", [2, 2, 3, 3]),
        layer("stages.0.blocks.0.layers.2", [8, 2, 1, 1]),
        layer("stages.1.blocks.0.layers.0", [3, 8, 1, 1]),
        layer("stages.1.blocks.0.layers.1", [3, 3, 3, 3]),
        layer("stages.1.blocks.0.layers.2", [12, 3, 1, 1]),
        layer("stages.1.blocks.0.shortcut.project", [12, 8, 1, 1]),
        layer("stages.1.blocks.1.layers.0", [3, 12, 1, 1]),
        layer("stages.1.blocks.1.layers.1", [3, 3, 3, 3]),
        layer("stages.1.blocks.1.layers.2", [12, 3, 1, 1]),
        vec![(String::from("head.weight"), vec![12, 4]), (String::from("head.bias"), vec![4])],
    ];
    assert_eq!(parameters(&model), expected.concat());
}

/// torchvision's and the paper's counts. Burn counts the running statistics of batch normalisation
/// (two numbers a channel) among the parameters.
#[test]
fn parameter_counts() {
    let count = |config: ResNetConfig| {
        let all = parameters(&config.init(&Device::flex()));
        let trained = all.iter().filter(|(path, _)| !path.contains("running_"));
        trained.map(|(_, shape)| shape.iter().product::<usize>()).sum::<usize>()
    };
    let preset = ResNetConfig::preset;
    let cifar = |name| preset(name).with_num_classes(10);
    assert_eq!(count(preset(ResNetPreset::ResNet18)), 11_689_512);
    assert_eq!(count(preset(ResNetPreset::ResNet34)), 21_797_672);
    assert_eq!(count(preset(ResNetPreset::ResNet50)), 25_557_032);
    assert_eq!(count(preset(ResNetPreset::ResNet101)), 44_549_160);
    assert_eq!(count(preset(ResNetPreset::ResNet152)), 60_192_808);
    assert_eq!(count(cifar(ResNetPreset::ResNet20)), 269_722);
    assert_eq!(count(cifar(ResNetPreset::ResNet32)), 464_154);
    assert_eq!(count(cifar(ResNetPreset::ResNet44)), 658_586);
    assert_eq!(count(cifar(ResNetPreset::ResNet56)), 853_018);

    // timm's resnet18d and resnet50d.
    let d = |name| ResNetConfig {
        stem: Stem::ThreeConvolutions,
        shortcut: Shortcut::AveragePooling,
        ..preset(name)
    };
    assert_eq!(count(d(ResNetPreset::ResNet18)), 11_708_744);
    assert_eq!(count(d(ResNetPreset::ResNet50)), 25_576_264);

    // Option B: two projections with their norms.
    let b = |name| ResNetConfig { shortcut: Shortcut::Convolution, ..cifar(name) };
    let projections = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64);
    assert_eq!(count(b(ResNetPreset::ResNet20)), 269_722 + projections);
}

#[test]
fn output_has_a_score_per_class_at_any_size() {
    let device = Device::flex();
    for config in all_tiny() {
        let model = config.clone().with_num_classes(7).init(&device);
        for [height, width] in [[16, 16], [1, 1], [9, 23]] {
            let scores = model.forward(images([2, 3, height, width], &device));
            assert_eq!(scores.dims(), [2, 7], "{config:?} at {height} x {width} px");
        }
    }
}

#[test]
fn features_shrink_with_stem_and_stages() {
    let device = Device::flex();
    let features = |preset, side| {
        let model = ResNetConfig::preset(preset).init(&device);
        model.features(images([1, 3, side, side], &device)).dims()
    };
    assert_eq!(features(ResNetPreset::ResNet20, 32), [1, 64, 8, 8]);
    assert_eq!(features(ResNetPreset::ResNet18, 64), [1, 512, 2, 2]);
    assert_eq!(features(ResNetPreset::ResNet50, 65), [1, 2048, 3, 3]);
}

#[test]
fn embed_is_the_mean_of_the_features_and_what_the_head_sees() {
    let device = Device::flex();
    let model = tiny(BlockKind::Basic, Stem::ThreeByThree, Shortcut::ZeroPadding).init(&device);
    let images = images([2, 3, 16, 16], &device);
    let features = model.features(images.clone());
    let expected: Vec<f32> = features.clone().mean_dim(2).mean_dim(3).into_data().iter().collect();
    let found: Vec<f32> = model.embed(images.clone()).into_data().iter().collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
    let scores = model.classify(features).into_data();
    assert_eq!(scores, model.head.forward(model.embed(images.clone())).into_data());
    assert_eq!(scores, model.forward(images).into_data());
}

/// With factors of 0 at its end, a block passes on the ReLU of its input.
#[test]
fn blocks_start_by_passing_their_input_on() {
    let device = Device::flex();
    let config = tiny(BlockKind::Bottleneck, Stem::ThreeByThree, Shortcut::ZeroPadding);
    let input = images([2, 48, 4, 4], &device);
    let block = |zero_init_last_norm| {
        let config = ResNetConfig { zero_init_last_norm, ..config.clone() };
        config.init(&device).stages[1].blocks[1].forward(input.clone()).into_data()
    };
    let expected = input.clone().clamp_min(0.0).into_data();
    assert_eq!(block(true), expected);
    assert_ne!(block(false), expected);
}

/// Of N(0, 2 / (3 * 3 * 64 outputs)), 1% of it allowed.
#[test]
fn convolutions_are_drawn_as_torchvision_draws_them() {
    let config = ResNetConfig::preset(ResNetPreset::ResNet20);
    let device = Device::flex();
    device.seed(0);
    let weights = config.init(&device).stages[2].blocks[1].layers[0].conv.weight.val();
    let weights: Vec<f32> = weights.into_data().iter().collect();
    let mean_square = weights.iter().map(|weight| weight.powi(2)).sum::<f32>() / 36_864.0;
    assert!((mean_square * 288.0 - 1.0).abs() < 0.03, "{mean_square}");
}

#[test]
#[should_panic(expected = "axis 1 expected 3, got 1")]
fn other_channels_are_refused() {
    let device = Device::flex();
    let model = tiny(BlockKind::Basic, Stem::ThreeByThree, Shortcut::Convolution).init(&device);
    model.forward(images([1, 1, 16, 16], &device));
}

#[test]
fn every_parameter_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    for config in all_tiny() {
        let model = ResNetConfig { dropout: 0.5, ..config.clone() }.init(&device);
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
    for config in [
        tiny(BlockKind::Basic, Stem::ThreeByThree, Shortcut::ZeroPadding),
        tiny(BlockKind::Bottleneck, Stem::ThreeConvolutions, Shortcut::AveragePooling),
    ] {
        let mut model = config.init(&device);
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
        assert_eq!(predictions, labels, "{config:?}");
    }
}
