//! The weights: names, shapes, counts, and how they are drawn.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use zoo_alexnet::{AlexNet, AlexNetConfig, AlexNetPreset, Initialization};

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

fn parameters(model: &AlexNet) -> Vec<(String, Vec<usize>)> {
    let mut parameters = Parameters::default();
    model.visit(&mut parameters);
    parameters.found
}

#[test]
fn torchvision_has_these_weights() {
    let model = AlexNetConfig::preset(AlexNetPreset::Torchvision).init(&Device::flex());
    let expected: [(&str, &[usize]); 16] = [
        ("features.conv1.weight", &[64, 3, 11, 11]),
        ("features.conv1.bias", &[64]),
        ("features.conv2.weight", &[192, 64, 5, 5]),
        ("features.conv2.bias", &[192]),
        ("features.conv3.weight", &[384, 192, 3, 3]),
        ("features.conv3.bias", &[384]),
        ("features.conv4.weight", &[256, 384, 3, 3]),
        ("features.conv4.bias", &[256]),
        ("features.conv5.weight", &[256, 256, 3, 3]),
        ("features.conv5.bias", &[256]),
        ("classifier.fc6.weight", &[9216, 4096]),
        ("classifier.fc6.bias", &[4096]),
        ("classifier.fc7.weight", &[4096, 4096]),
        ("classifier.fc7.bias", &[4096]),
        ("classifier.head.weight", &[4096, 1000]),
        ("classifier.head.bias", &[1000]),
    ];
    let expected = expected.map(|(path, shape)| (path.to_owned(), shape.to_vec()));
    assert_eq!(parameters(&model), expected);
}

#[test]
fn paper_has_two_towers_in_three_layers() {
    let model = AlexNetConfig::preset(AlexNetPreset::Paper).init(&Device::flex());
    let convolutions = [
        vec![96, 3, 11, 11],
        vec![256, 48, 5, 5],
        vec![384, 256, 3, 3],
        vec![384, 192, 3, 3],
        vec![256, 192, 3, 3],
    ];
    let shapes = parameters(&model).into_iter().map(|(_, shape)| shape);
    assert_eq!(shapes.filter(|shape| shape.len() == 4).collect::<Vec<_>>(), convolutions);
}

#[test]
fn parameter_counts() {
    let count = |preset, num_classes| {
        let config = AlexNetConfig::preset(preset).with_num_classes(num_classes);
        config.init(&Device::flex()).num_params()
    };
    assert_eq!(count(AlexNetPreset::Torchvision, 1000), 61_100_840);
    assert_eq!(count(AlexNetPreset::Torchvision, 10), 57_044_810);
    assert_eq!(count(AlexNetPreset::Torchvision, 2), 57_012_034);
    assert_eq!(count(AlexNetPreset::Paper, 1000), 60_965_224);
    assert_eq!(count(AlexNetPreset::SmallImages, 10), 2_854_826);
}

#[test]
fn initialization_draws_what_it_says() {
    let device = Device::flex();
    let model = |initialization| {
        let config = AlexNetConfig {
            initialization,
            hidden: 512,
            widths: [16, 24, 32, 24, 16],
            feature_size: 2,
            ..AlexNetConfig::preset(AlexNetPreset::Paper)
        };
        config.init(&device)
    };
    let biases = |model: &AlexNet| {
        let AlexNet { features, classifier, .. } = model;
        let convolutions =
            [&features.conv1, &features.conv2, &features.conv3, &features.conv4, &features.conv5];
        let linears = [&classifier.fc6, &classifier.fc7, &classifier.head];
        let biases = convolutions.map(|conv| conv.bias.clone());
        let biases = biases.into_iter().chain(linears.map(|linear| linear.bias.clone()));
        biases
            .map(|bias| bias.map(|bias| bias.val().max().into_scalar::<f32>()))
            .collect::<Vec<_>>()
    };
    let deviation = |model: &AlexNet| {
        let (variance, mean) = model.classifier.fc7.weight.val().flatten::<1>(0, 1).var_mean(0);
        assert!(mean.into_scalar::<f32>().abs() < 1e-3);
        variance.sqrt().into_scalar::<f32>()
    };
    let close = |found: f32, expected: f32| (found / expected - 1.0).abs() < 0.02;

    let paper = model(Initialization::Paper);
    assert_eq!(biases(&paper), [0, 1, 0, 1, 1, 1, 1, 0].map(|bias| Some(bias as f32)));
    assert!(close(deviation(&paper), 0.01));

    let lecun = model(Initialization::LeCun);
    assert_eq!(biases(&lecun), [Some(0.0); 8]);
    assert!(close(deviation(&lecun), (1.0 / 512f32).sqrt()));

    let pytorch = model(Initialization::Pytorch);
    assert!(close(deviation(&pytorch), (1.0 / (3.0 * 512f32)).sqrt()));
    let bound = 1.0 / 512f32.sqrt();
    pytorch.classifier.fc7.weight.to_data().assert_within_range(-bound..bound);
}
