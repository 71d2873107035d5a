//! The network: shapes, attention, gradients, and that it learns.

mod forms;

use std::ops::Range;

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::{
        Linear,
        attention::{MhaInput, MultiHeadAttentionConfig},
        loss::CrossEntropyLossConfig,
    },
    optim::{AdamConfig, GradientsParams},
    tensor::{Device, Gradients, Int, Tensor, TensorData, Tolerance},
};
use forms::{forms, tiny};
use zoo_vit::{Position, Vit, VitConfig};

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

/// Counts the parameters, and those that have a gradient of finite numbers.
struct FiniteGradients<'a> {
    gradients: &'a Gradients,
    all: usize,
    count: usize,
}

impl ModuleVisitor for FiniteGradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.all += 1;
        if let Some(gradient) = param.val().grad(self.gradients) {
            let finite = gradient.into_data().iter::<f32>().all(f32::is_finite);
            self.count += usize::from(finite);
        }
    }
}

#[test]
fn output_has_a_score_per_class() {
    let device = Device::flex();
    for config in forms(&tiny()) {
        for (channels, image_size, patch_size) in [(1, 28, 4), (3, 15, 5), (3, 7, 7)] {
            let config = config.clone().with_channels(channels).with_image_size(image_size);
            let model = config.with_patch_size(patch_size).init(&device);
            let images = numbers([2, channels, image_size, image_size], &device);
            assert_eq!(model.forward(images).dims(), [2, 4]);
        }
    }
}

#[test]
#[should_panic(expected = "axis 2 expected 12, got 16")]
fn other_sizes_are_refused() {
    let device = Device::flex();
    tiny().init(&device).forward(numbers([1, 3, 16, 16], &device));
}

#[test]
#[should_panic(expected = "axis 1 expected 3, got 1")]
fn other_channels_are_refused() {
    let device = Device::flex();
    tiny().init(&device).forward(numbers([1, 1, 12, 12], &device));
}

#[test]
fn tokens_are_the_class_token_and_the_patches_row_by_row() {
    let device = Device::flex();
    let mut model = tiny().with_position(Position::SinCos).init(&device);
    // Each token is then the mean of its patch, in the first feature.
    let mut weights = vec![0f32; 16 * 3 * 4 * 4];
    weights[..48].fill(1.0 / 48.0);
    let weights = TensorData::new(weights, [16, 3, 4, 4]);
    model.patch_embedding.weight = Param::from_tensor(Tensor::from_data(weights, &device));
    model.patch_embedding.bias = None;
    model.class_token = Some(Param::from_tensor(Tensor::full([1, 1, 16], 9.0, &device)));

    let rows = Tensor::<1, Int>::arange(0..12, &device).float().reshape([1, 1, 12, 1]);
    let tokens = |images| model.embed(images).into_data();
    let difference = model.embed(rows.expand([1, 3, 12, 12]))
        - model.embed(Tensor::zeros([1, 3, 12, 12], &device));
    let first: Vec<f32> = difference.narrow(2, 0, 1).into_data().iter().collect();
    let expected = [0.0, 1.5, 1.5, 1.5, 5.5, 5.5, 5.5, 9.5, 9.5, 9.5];
    assert!(
        first.iter().zip(expected).all(|(found, mean)| (found - mean).abs() < 1e-5),
        "{first:?}"
    );
    assert_eq!(tokens(Tensor::zeros([1, 3, 12, 12], &device)).iter::<f32>().next(), Some(9.0));
}

/// Burn's layer of some columns of a layer: of a fused one, `width` each make queries, keys, values.
fn columns(layer: &zoo_kernels::nn::Linear, columns: Range<usize>) -> Linear {
    let [width, _] = layer.weight.dims();
    let bias = layer.bias.as_ref().map(|bias| bias.val().slice([columns.clone()]));
    Linear {
        weight: Param::from_tensor(layer.weight.val().slice([0..width, columns])),
        bias: bias.map(Param::from_tensor),
    }
}

#[test]
fn attention_is_that_of_burn_with_the_fused_layer_cut_in_three() {
    let device = Device::flex();
    let mut model = tiny().init(&device);
    let attention = &mut model.blocks[0].attention;
    attention.qkv.weight = Param::from_tensor(numbers([16, 48], &device));
    attention.qkv.bias = Some(Param::from_tensor(numbers([48], &device)));

    let mut reference = MultiHeadAttentionConfig::new(16, 2).with_dropout(0.0).init(&device);
    reference.query = columns(&attention.qkv, 0..16);
    reference.key = columns(&attention.qkv, 16..32);
    reference.value = columns(&attention.qkv, 32..48);
    reference.output = columns(&attention.proj, 0..16);

    let tokens = numbers([2, 5, 16], &device);
    let expected = reference.forward(MhaInput::self_attn(tokens.clone()));
    let close = Tolerance::<f32>::rel_abs(1e-5, 1e-6);
    let weights = attention.weights(tokens.clone()).into_data();
    weights.assert_approx_eq::<f32>(&expected.weights.into_data(), close);
    attention
        .forward(tokens)
        .into_data()
        .assert_approx_eq::<f32>(&expected.context.into_data(), close);
}

#[test]
fn drop_path_rises_from_0_to_the_last_block() {
    let rates = |depth| {
        let model = VitConfig { depth, ..tiny().with_drop_path(0.2) }.init(&Device::flex());
        model.blocks.iter().map(|block| block.drop_path.prob).collect::<Vec<_>>()
    };
    assert_eq!(rates(5), [0.0, 0.05, 0.1, 0.2 * 3.0 / 4.0, 0.2]);
    assert_eq!(rates(1), [0.0]);
}

#[test]
fn dropping_is_for_training_alone() {
    let config = tiny().with_dropout(0.5).with_drop_path(0.5);
    let model = config.init(&Device::flex().autodiff());
    let training = |model: &Vit| model.forward(numbers([8, 3, 12, 12], &Device::flex().autodiff()));
    assert_ne!(training(&model).into_data(), training(&model).into_data());
    assert_eq!(
        training(&model.clone().freeze()).into_data(),
        training(&model.clone().freeze()).into_data()
    );
    let model = model.valid();
    let inference = || model.forward(numbers([8, 3, 12, 12], &Device::flex())).into_data();
    assert_eq!(inference(), inference());
}

#[test]
fn every_parameter_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    for config in forms(&tiny().with_dropout(0.2).with_drop_path(0.2)) {
        let model = config.init(&device);
        let scores = model.forward(numbers([3, 3, 12, 12], &device));
        let gradients = scores.square().mean().backward();
        let mut finite = FiniteGradients { gradients: &gradients, all: 0, count: 0 };
        model.visit(&mut finite);
        assert_eq!(finite.count, finite.all, "{config:?}");
    }
}

#[test]
fn sixteen_images_are_learned_by_heart() {
    let device = Device::flex().autodiff();
    let labels: Vec<i64> = (0..16).map(|index| index * 7 % 4).collect();
    let targets = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    for config in forms(&tiny()) {
        let mut model = config.init(&device);
        let mut optimizer = AdamConfig::new().init();
        for _ in 0..1000 {
            let logits = model.forward(numbers([16, 3, 12, 12], &device));
            let loss = loss.forward(logits, targets.clone());
            if loss.clone().into_scalar::<f32>() < 0.05 {
                break;
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(2e-3, model, gradients);
        }
        let scores = model.valid().forward(numbers([16, 3, 12, 12], &Device::flex()));
        let predictions: Vec<i64> = scores.argmax(1).into_data().iter().collect();
        assert_eq!(predictions, labels, "{config:?}");
    }
}
