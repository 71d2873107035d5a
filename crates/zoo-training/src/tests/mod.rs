//! Trainings against those of PyTorch, torchvision and timm, whose figures `scripts/training_fixture.py`
//! writes. Weights and images come from formulas that both sides have.

mod block_gradients;

use std::{collections::BTreeMap, fs, path::Path};

use burn::{
    module::{Module, Param},
    tensor::{Device, Int, Tensor, TensorData},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use zoo_data::{Batch, DataError};
use zoo_kernels::{Precision, nn::Tap};
use zoo_model::{
    Classifier,
    filler::{filled, filler},
    host,
};

use super::{
    LossConfig, OptimizerConfig, Pace, RunLength, ScheduleConfig, TrainConfig, TrainSettings,
    Trainer,
};

const CLASSES: usize = 10;

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Images with the pattern of their class under noise.
fn batch(
    step: usize,
    size: usize,
    [channels, height, width]: [usize; 3],
    device: &Device,
) -> Batch {
    let pixels = channels * height * width;
    let indices: Vec<usize> = (step * size..(step + 1) * size).collect();
    let labels: Vec<i64> = indices.iter().map(|index| (index * 7 % CLASSES) as i64).collect();
    let patterns = filler("patterns", 0, CLASSES * pixels, 0.5);
    let mut images = filler("noise", step * size * pixels, size * pixels, 1.0);
    for (image, &label) in images.chunks_mut(pixels).zip(&labels) {
        let pattern = &patterns[label as usize * pixels..];
        image.iter_mut().zip(pattern).for_each(|(pixel, pattern)| *pixel += pattern);
    }
    let images = TensorData::new(images, [size, channels, height, width]);
    Batch {
        images: Tensor::from_data(images, device),
        targets: Tensor::<1, Int>::from_data(TensorData::new(labels, [size]), device),
        mixed: None,
        indices,
    }
}

/// A training as the script does it.
struct Training {
    optimizer: OptimizerConfig,
    schedule: ScheduleConfig,
    batch: usize,
    image: [usize; 3],
    gain: f64,
    label_smoothing: f64,
    clip_grad_norm: Option<f64>,
    precision: Precision,
}

impl Training {
    /// Losses of `steps` steps, and the network after them.
    fn run<M: Classifier>(&self, model: M, steps: usize) -> (Vec<f64>, M) {
        let pace = Pace { images: steps * self.batch, batch_size: self.batch, accumulate: 1 };
        let loss = json!({"cross-entropy": {"label_smoothing": self.label_smoothing}});
        let mut loss: LossConfig = serde_json::from_value(loss).unwrap();
        let clip_grad_norm = self.clip_grad_norm;
        let precision = self.precision;
        let train =
            TrainConfig { clip_grad_norm, steps: Some(steps), precision, ..Default::default() };
        let settings = TrainSettings {
            loss: loss.resolve(&[], &[]).unwrap(),
            optimizer: self.optimizer.clone(),
            schedule: self.schedule.clone(),
            ..TrainSettings::new(pace.images, self.batch, train)
        };
        let model = filled(model, self.gain);
        let mut trainer = Trainer::new(model, &settings, &host(), None).unwrap();
        let run = settings.course.length(0, 0.0);
        let mut losses = Vec::with_capacity(steps);
        for step in 0..steps {
            let batch = batch(step, self.batch, self.image, &host());
            let mut batches = std::iter::once(Ok::<_, DataError>(batch));
            let made = trainer.gradients(&mut batches, pace.step_after(step), &mut ());
            let made = made.unwrap().unwrap();
            losses.push(made.measured.loss());
            let rate = self.optimizer.learning_rate() * self.schedule.factor(step, run);
            trainer.update(made.gradients, rate);
        }
        (losses, trainer.into_model())
    }
}

/// A linear classifier of a few pixels, whose parameters are called as those of PyTorch's.
#[derive(Module, Debug)]
struct Pixels {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Pixels {
    fn init(pixels: usize) -> Self {
        let weight = Param::from_tensor(Tensor::zeros([pixels, CLASSES], &host()));
        Self { weight, bias: Param::from_tensor(Tensor::zeros([CLASSES], &host())) }
    }
}

impl Classifier for Pixels {
    fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let pixels = images.flatten::<2>(1, 3);
        tap.layer("head", pixels.matmul(self.weight.val()) + self.bias.val().unsqueeze())
    }

    fn layers(&self) -> Vec<Vec<String>> {
        vec![["weight", "bias"].map(String::from).to_vec()]
    }
}

#[derive(Deserialize)]
struct OptimizerRow {
    optimizer: OptimizerConfig,
    losses: Vec<f64>,
    weights: Vec<f64>,
}

#[test]
fn optimizers_are_those_of_pytorch_and_timm() {
    for row in fixture::<Vec<OptimizerRow>>("optimizers.json") {
        let name = serde_json::to_string(&row.optimizer).unwrap();
        let training = Training {
            optimizer: row.optimizer,
            schedule: serde_json::from_value(json!({"constant": {}})).unwrap(),
            batch: 8,
            image: [1, 2, 3],
            gain: 1.0,
            label_smoothing: 0.1,
            clip_grad_norm: Some(0.5),
            precision: Precision::F32,
        };
        let model = Pixels::init(6);
        let (losses, model) = training.run(model, row.losses.len());
        let bias = model.bias.val().into_data();
        let weight = model.weight.val().into_data();
        let weights: Vec<f64> = weight.iter::<f64>().chain(bias.iter::<f64>()).collect();
        assert_eq!(weights.len(), row.weights.len(), "{name}");
        let off = |found: &[f64], expected: &[f64]| {
            let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            let off = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
            off.fold(0.0, f64::max) / largest
        };
        let (losses, weights) = (off(&losses, &row.losses), off(&weights, &row.weights));
        println!("{name}: losses within {losses:.1e}, weights within {weights:.1e}");
        assert!(losses < 1e-5 && weights < 1e-5, "{name}: {losses} {weights}");
    }
}

#[derive(Deserialize)]
struct ScheduleRow {
    reference: String,
    schedule: ScheduleConfig,
    factors: Vec<f64>,
}

#[test]
fn schedules_are_those_of_pytorch_and_timm() {
    for row in fixture::<Vec<ScheduleRow>>("schedules.json") {
        let run = RunLength { steps: row.factors.len(), steps_per_epoch: 10 };
        for (step, expected) in row.factors.iter().enumerate() {
            let found = row.schedule.factor(step, run);
            // What is 0 here is a rounding error there.
            let off = (found - expected).abs();
            assert!(off <= 1e-5 * expected + 1e-12, "{} {step}: {found} {expected}", row.reference);
        }
    }
}

#[derive(Deserialize)]
struct Curve {
    optimizer: OptimizerConfig,
    batch: usize,
    image_size: usize,
    gain: f64,
    clip_grad_norm: Option<f64>,
    losses: Vec<f64>,
}

#[track_caller]
fn assert_curve<M: Classifier>(name: &str, model: impl Fn(&Device) -> M) {
    let mut curves: serde_json::Value = fixture("loss_curves.json");
    let curve: Curve = serde_json::from_value(curves[name].take()).unwrap();
    let mut training = Training {
        optimizer: curve.optimizer,
        schedule: serde_json::from_value(json!({"cosine": {"warmup": {"steps": 10}}})).unwrap(),
        batch: curve.batch,
        image: [3, curve.image_size, curve.image_size],
        gain: curve.gain,
        label_smoothing: 0.0,
        clip_grad_norm: curve.clip_grad_norm,
        precision: Precision::F32,
    };
    let (losses, _) = training.run(model(&host()), curve.losses.len());
    let off = losses.iter().zip(&curve.losses).map(|(found, expected)| (found - expected).abs());
    let off = off.fold(0.0, f64::max);
    println!("{name}: losses within {off:.1e}");
    assert!(off < 1e-3, "{name}: {off}");
    // In mixed precision, beside PyTorch's autocast and beside f32.
    let curves: BTreeMap<String, Vec<f64>> = fixture("loss_curves_bf16.json");
    training.precision = Precision::Bf16;
    let (narrow, _) = training.run(model(&host()), losses.len());
    for (what, expected) in [("autocast", &curves[name]), ("f32", &losses)] {
        let off =
            narrow.iter().zip(expected).map(|(found, expected)| (found / expected - 1.0).abs());
        let off = off.fold(0.0, f64::max);
        println!("{name} in bf16: losses within {off:.1e} of {what}");
        assert!(off < 2e-2, "{name} in bf16: {off} from {what}");
    }
}

#[test]
fn the_cnn_learns_as_in_pytorch() {
    use zoo_cnn::{CnnConfig, CnnPreset};
    assert_curve("cnn", |device| {
        let config = CnnConfig::preset(CnnPreset::Small);
        CnnConfig { num_classes: CLASSES, dropout: 0.0, ..config }.init(device)
    });
}

#[test]
fn alexnet_learns_as_torchvisions() {
    use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
    assert_curve("alexnet", |device| {
        let config = AlexNetConfig::preset(AlexNetPreset::Torchvision);
        let (num_classes, image_size, dropout) = (CLASSES, 64, 0.0);
        AlexNetConfig { num_classes, image_size, dropout, ..config }.init(device)
    });
}

#[test]
fn resnet_20_learns_as_in_pytorch() {
    use zoo_resnet::{ResNetConfig, ResNetPreset};
    assert_curve("resnet", |device| {
        let config = ResNetConfig::preset(ResNetPreset::ResNet20);
        ResNetConfig { num_classes: CLASSES, zero_init_last_norm: false, ..config }.init(device)
    });
}

#[test]
fn the_vision_transformer_learns_as_timms() {
    use zoo_vit::{VitConfig, VitPreset};
    assert_curve("vit", |device| {
        VitConfig { num_classes: CLASSES, ..VitConfig::preset(VitPreset::Mini) }.init(device)
    });
}
