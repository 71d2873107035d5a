//! The switches that turn the network into DINOv2, CLIP, DeiT III and the distilled DeiT: weights by
//! name, gradients, and what the head reads.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Gradients, Tensor, TensorData, Tolerance},
};
use zoo_vit::{Activation, Pooling, Position, Vit, VitConfig, VitPreset};

/// 9 patches of 4 pixels, 16 features, 4 classes.
fn tiny() -> VitConfig {
    let mini = VitConfig::preset(VitPreset::Mini).with_num_classes(4).with_image_size(12);
    VitConfig { embed_dim: 16, depth: 2, num_heads: 2, mlp_dim: 24, ..mini }
}

/// Every switch alone, and all that go together.
fn forms() -> Vec<VitConfig> {
    let with = |change: fn(&mut VitConfig)| {
        let mut config = tiny();
        change(&mut config);
        config
    };
    vec![
        with(|config| config.layer_scale = Some(0.1)),
        with(|config| config.registers = 3),
        with(|config| (config.registers, config.pooling) = (3, Pooling::Mean)),
        with(|config| config.pre_norm = true),
        with(|config| config.class_position = false),
        with(|config| (config.class_position, config.position) = (false, Position::SinCos)),
        with(|config| config.pooling = Pooling::ClassAndMean),
        with(|config| config.pooling = Pooling::ClassAndDistillation),
        with(|config| config.pooling = Pooling::None),
        with(|config| config.projection = Some(8)),
        with(|config| config.activation = Some(Activation::SwiGlu)),
        with(|config| config.num_classes = 0),
        VitConfig {
            pooling: Pooling::ClassAndMean,
            registers: 2,
            class_position: false,
            pre_norm: true,
            layer_scale: Some(0.1),
            projection: Some(8),
            activation: Some(Activation::QuickGelu),
            ..tiny()
        },
    ]
}

/// Numbers in -1..1, no two the same.
fn numbers<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let number = |index: u32| {
        let mixed = index.wrapping_mul(2_654_435_761);
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
        ((mixed ^ mixed >> 13) >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let count = shape.iter().product::<usize>() as u32;
    let numbers: Vec<f32> = (0..count).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

#[derive(Default)]
struct Names {
    path: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push(format!("{} {:?}", self.path.join("."), param.lazy_shape().as_slice()));
    }
}

fn names(model: &Vit) -> Vec<String> {
    let mut names = Names::default();
    model.visit(&mut names);
    names.found
}

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
fn every_switch_has_its_weights() {
    let config = VitConfig {
        depth: 1,
        pooling: Pooling::ClassAndDistillation,
        registers: 3,
        pre_norm: true,
        layer_scale: Some(0.1),
        projection: Some(8),
        activation: Some(Activation::SwiGlu),
        ..tiny()
    };
    let expected = [
        "patch_embedding.weight [16, 3, 4, 4]",
        "class_token [1, 1, 16]",
        "distillation_token [1, 1, 16]",
        "position_embedding [1, 11, 16]",
        "register_tokens [1, 3, 16]",
        "pre_norm.gamma [16]",
        "pre_norm.beta [16]",
        "blocks.0.norm1.gamma [16]",
        "blocks.0.norm1.beta [16]",
        "blocks.0.attention.qkv.weight [16, 48]",
        "blocks.0.attention.qkv.bias [48]",
        "blocks.0.attention.proj.weight [16, 16]",
        "blocks.0.attention.proj.bias [16]",
        "blocks.0.layer_scale1.gamma [16]",
        "blocks.0.norm2.gamma [16]",
        "blocks.0.norm2.beta [16]",
        "blocks.0.mlp.fc1.weight [16, 48]",
        "blocks.0.mlp.fc1.bias [48]",
        "blocks.0.mlp.fc2.weight [24, 16]",
        "blocks.0.mlp.fc2.bias [16]",
        "blocks.0.layer_scale2.gamma [16]",
        "norm.gamma [16]",
        "norm.beta [16]",
        "projection.weight [32, 8]",
        "head.weight [8, 4]",
        "head.bias [4]",
    ];
    assert_eq!(names(&config.init(&Device::flex())), expected);
    let without = VitConfig { class_position: false, num_classes: 0, ..config };
    let names = names(&without.init(&Device::flex()));
    assert!(names.contains(&String::from("position_embedding [1, 9, 16]")), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("head")), "{names:?}");
}

#[test]
fn the_output_is_scores_or_features() {
    let device = Device::flex();
    for config in forms() {
        let model = config.init(&device);
        let output = model.forward(numbers([2, 3, 12, 12], &device));
        let width = if config.num_classes > 0 { 4 } else { config.num_features() };
        assert_eq!(output.dims(), [2, width], "{config:?}");
        let tokens = model.embed(numbers([2, 3, 12, 12], &device));
        assert_eq!(tokens.dims(), [2, config.prefix_tokens() + 9, 16], "{config:?}");
    }
}

#[test]
fn every_parameter_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    for config in forms() {
        let model = config.with_dropout(0.2).with_drop_path(0.2).init(&device);
        let scores = model.forward(numbers([3, 3, 12, 12], &device));
        let gradients = scores.square().mean().backward();
        let mut finite = FiniteGradients { gradients: &gradients, count: 0 };
        model.visit(&mut finite);
        assert_eq!(finite.count, names(&model).len());
    }
}

/// The output without a head is what a head reads.
#[test]
fn features_are_the_pooled_tokens() {
    let device = Device::flex();
    let features = |pooling, registers| {
        let config = VitConfig { num_classes: 0, pooling, registers, ..tiny() };
        let mut model = config.init(&device);
        // A network without blocks, so that features are the normalised tokens.
        model.blocks.clear();
        let images = numbers([2, 3, 12, 12], &device);
        let tokens = model.norm.forward(model.embed(images.clone()));
        (model.forward(images), tokens)
    };
    let close = Tolerance::<f32>::absolute(1e-6);
    let assert_equal = |found: Tensor<2>, expected: Tensor<2>| {
        found.into_data().assert_approx_eq::<f32>(&expected.into_data(), close);
    };
    let part = |tokens: &Tensor<3>, from: usize, count: usize| -> Tensor<2> {
        tokens.clone().narrow(1, from, count).flatten(1, 2)
    };
    let mean = |tokens: &Tensor<3>, from: usize| -> Tensor<2> {
        let patches = tokens.clone().narrow(1, from, 9);
        patches.mean_dim(1).flatten(1, 2)
    };
    for registers in [0, 3] {
        let (found, tokens) = features(Pooling::ClassToken, registers);
        assert_equal(found, part(&tokens, 0, 1));
        let (found, tokens) = features(Pooling::Mean, registers);
        assert_equal(found, mean(&tokens, registers));
        let (found, tokens) = features(Pooling::ClassAndMean, registers);
        assert_equal(
            found,
            Tensor::cat(vec![part(&tokens, 0, 1), mean(&tokens, 1 + registers)], 1),
        );
        let (found, tokens) = features(Pooling::ClassAndDistillation, registers);
        assert_equal(found, part(&tokens, 0, 2));
        let (found, tokens) = features(Pooling::None, registers);
        let patches = part(&tokens, 1 + registers, 9);
        assert_equal(found, Tensor::cat(vec![part(&tokens, 0, 1), patches], 1));
    }
}

/// Registers and a class token without a position get none.
#[test]
fn positions_are_added_where_they_belong() {
    let device = Device::flex();
    let config = VitConfig { registers: 2, ..tiny() };
    for (class_position, places) in [(true, 10), (false, 9)] {
        let mut model = VitConfig { class_position, ..config.clone() }.init(&device);
        let zeros = |count| Param::from_tensor(Tensor::<3>::zeros([1, count, 16], &device));
        let images = Tensor::zeros([1, 3, 12, 12], &device);
        model.position_embedding = Some(zeros(places));
        let without = model.embed(images.clone());
        model.position_embedding =
            Some(Param::from_tensor(Tensor::<3>::ones([1, places, 16], &device)));
        let added = (model.embed(images) - without).narrow(2, 0, 1).into_data();
        let added: Vec<f32> = added.iter::<f32>().map(f32::round).collect();
        let mut expected = vec![f32::from(u8::from(class_position)), 0.0, 0.0];
        expected.extend([1.0; 9]);
        assert_eq!(added, expected);
    }
}

/// By hand, of a network with every switch that costs something.
#[test]
fn multiply_adds_count_the_switches() {
    let config = VitConfig {
        pooling: Pooling::ClassAndMean,
        registers: 2,
        projection: Some(8),
        activation: Some(Activation::SwiGlu),
        ..tiny()
    };
    let tokens = 1 + 2 + 9;
    let block = tokens * 4 * 16 * 16 + 2 * tokens * tokens * 16 + tokens * 3 * 16 * 24;
    let expected = 9 * 4 * 4 * 3 * 16 + 2 * block + 32 * 8 + 8 * 4;
    assert_eq!(config.multiply_adds(), expected);
}
