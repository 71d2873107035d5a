//! The weights: names, shapes and counts.

mod forms;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use forms::{forms, tiny};
use zoo_vit::{Pooling, Position, Vit, VitConfig, VitPreset};

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

fn parameters(model: &Vit) -> Vec<(String, Vec<usize>)> {
    let mut parameters = Parameters::default();
    model.visit(&mut parameters);
    parameters.found
}

fn names(model: &Vit) -> Vec<String> {
    parameters(model).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_block_and_what_is_round_it_have_these_weights() {
    let config = VitConfig { depth: 1, ..VitConfig::preset(VitPreset::Mini).with_num_classes(10) };
    let expected: [(&str, &[usize]); 20] = [
        ("patch_embedding.weight", &[128, 3, 4, 4]),
        ("patch_embedding.bias", &[128]),
        ("class_token", &[1, 1, 128]),
        ("position_embedding", &[1, 65, 128]),
        ("blocks.0.norm1.gamma", &[128]),
        ("blocks.0.norm1.beta", &[128]),
        ("blocks.0.attention.qkv.weight", &[128, 384]),
        ("blocks.0.attention.qkv.bias", &[384]),
        ("blocks.0.attention.proj.weight", &[128, 128]),
        ("blocks.0.attention.proj.bias", &[128]),
        ("blocks.0.norm2.gamma", &[128]),
        ("blocks.0.norm2.beta", &[128]),
        ("blocks.0.mlp.fc1.weight", &[128, 512]),
        ("blocks.0.mlp.fc1.bias", &[512]),
        ("blocks.0.mlp.fc2.weight", &[512, 128]),
        ("blocks.0.mlp.fc2.bias", &[128]),
        ("norm.gamma", &[128]),
        ("norm.beta", &[128]),
        ("head.weight", &[128, 10]),
        ("head.bias", &[10]),
    ];
    let expected = expected.map(|(path, shape)| (path.to_owned(), shape.to_vec()));
    assert_eq!(parameters(&config.init(&Device::flex())), expected);
}

#[test]
fn presets_repeat_the_block() {
    let device = Device::flex();
    let one_block = names(&VitConfig { depth: 1, ..tiny() }.init(&device));
    let (before, rest) = one_block.split_at(4);
    let (block, after) = rest.split_at(12);
    for preset in VitPreset::ALL.iter().copied() {
        let config = VitConfig::preset(preset);
        let blocks = (0..config.depth).flat_map(|index| {
            block.iter().map(move |name| name.replace("s.0.", &format!("s.{index}.")))
        });
        let mut expected = before.to_vec();
        expected.extend(blocks);
        expected.extend_from_slice(after);
        assert_eq!(names(&config.init(&device)), expected, "{preset}");
    }
}

#[test]
fn what_is_not_learned_has_no_name() {
    let device = Device::flex();
    for config in forms(&tiny()) {
        let names = names(&config.init(&device));
        let has = |name: &str| names.iter().any(|found| found == name);
        assert_eq!(has("class_token"), config.pooling == Pooling::ClassToken);
        assert_eq!(has("position_embedding"), config.position == Position::Learned);
        assert!(!names.iter().any(|name| name.contains("sin_cos")));
    }
}

#[test]
fn parameter_counts() {
    let count = |config: VitConfig| config.init(&Device::flex()).num_params();
    let published = [
        (VitPreset::Tiny16, 5_717_416),
        (VitPreset::Small16, 22_050_664),
        (VitPreset::Small32, 22_878_952),
        (VitPreset::Base16, 86_567_656),
        (VitPreset::Base32, 88_224_232),
        (VitPreset::Large16, 304_326_632),
        (VitPreset::Large32, 306_535_400),
    ];
    for (preset, expected) in published {
        assert_eq!(count(VitConfig::preset(preset)), expected, "{preset}");
    }
    let mini = VitConfig::preset(VitPreset::Mini);
    assert_eq!(count(mini.clone().with_num_classes(10)), 1_205_898);

    let tiny = VitConfig::preset(VitPreset::Tiny16);
    let counts: Vec<usize> = forms(&tiny).into_iter().map(count).collect();
    let positions = 197 * 192;
    let whole = 5_717_416;
    assert_eq!(counts, [whole, whole - positions, whole - 2 * 192, whole - positions - 192]);
}
