//! A classifier in training: the only place where a loss meets a model.

use std::sync::Arc;

use burn::{
    module::{
        Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    },
    optim::{
        GradientsParams, ModuleOptimizer, lr_scheduler::module_lr_scheduler::ModuleLearningRate,
    },
    tensor::{Device, ExecutionError, Int, Tensor},
    train::{
        InferenceStep, ItemLazy, TrainOutput, TrainStep,
        metric::{AccuracyInput, Adaptor, LossInput, TopKAccuracyInput},
    },
};
use zoo_data::Batch;

use super::{clip::clip_grad_norm, loss::batch_loss};
use crate::{config::RunConfig, model::Classifier};

/// A model with its loss. The [`Module`] impl only delegates, so that parameter paths are the
/// model's own: a derived wrapper would put its field name before every path in every checkpoint.
#[derive(Clone, Debug)]
pub struct Trainee<M> {
    /// The network.
    pub model: M,
    /// Label smoothing during training.
    pub label_smoothing: f64,
    /// What the loss of each class weighs during training; all 1 if not given.
    pub class_weights: Option<Arc<[f32]>>,
    /// Largest L2 norm of all gradients together.
    pub clip_grad_norm: Option<f64>,
}

/// Losses and logits of a batch, from which Burn's metrics take what they need.
pub struct Outcome {
    /// Loss of each image, `[batch]`; Burn's loss metric then weighs a short batch as it should.
    pub losses: Tensor<1>,
    /// Class scores, `[batch, num_classes]`.
    pub logits: Tensor<2>,
    /// Label indices, `[batch]`.
    pub targets: Tensor<1, Int>,
}

impl<M> Trainee<M> {
    fn map_model(self, change: impl FnOnce(M) -> M) -> Self {
        Self { model: change(self.model), ..self }
    }

    /// The same loss with another model.
    pub fn with_model(&self, model: M) -> Self {
        let &Self { label_smoothing, clip_grad_norm, .. } = self;
        Self { model, label_smoothing, class_weights: self.class_weights.clone(), clip_grad_norm }
    }
}

impl<M: Classifier> Trainee<M> {
    /// `model` with the loss of `config`.
    pub fn new(model: M, config: &RunConfig) -> Self {
        Self {
            model,
            label_smoothing: config.loss.label_smoothing(),
            class_weights: config.loss.class_weights().map(Arc::from),
            clip_grad_norm: config.train.clip_grad_norm,
        }
    }

    fn classify(
        &self,
        batch: Batch,
        label_smoothing: f64,
        class_weights: Option<&[f32]>,
    ) -> Outcome {
        let logits = self.model.forward(batch.images);
        let losses =
            batch_loss(&logits, &batch.targets, batch.mixed, label_smoothing, class_weights);
        Outcome { losses, logits, targets: batch.targets }
    }
}

impl<M: Classifier> Trainee<M> {
    /// What `batch` adds to the gradients of a step of `images` images altogether.
    pub fn share_of_step(&self, batch: Batch, images: usize) -> TrainOutput<Outcome> {
        let outcome = self.classify(batch, self.label_smoothing, self.class_weights.as_deref());
        let gradients = outcome.losses.clone().sum().div_scalar(images as f64).backward();
        // What goes to the metrics must not keep the graph, and with it the weights, in use: an
        // optimizer works in place only on weights that are its own.
        TrainOutput::new(self, gradients, outcome.without_autodiff())
    }
}

impl<M: Classifier> TrainStep for Trainee<M> {
    type Input = Batch;
    type Output = Outcome;

    fn step(&self, batch: Batch) -> TrainOutput<Outcome> {
        let images = batch.indices.len();
        self.share_of_step(batch, images)
    }

    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        learning_rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        let gradients = match self.clip_grad_norm {
            Some(largest) => clip_grad_norm(&self, gradients, largest),
            None => gradients,
        };
        optimizer.step(learning_rate, self, gradients)
    }
}

impl<M: Classifier> InferenceStep for Trainee<M> {
    type Input = Batch;
    type Output = Outcome;

    fn step(&self, batch: Batch) -> Outcome {
        self.classify(batch, 0.0, None)
    }
}

impl Outcome {
    /// Those of several batches as one, if there are any.
    pub fn join(outcomes: Vec<Self>) -> Option<Self> {
        outcomes.into_iter().reduce(|all, next| Self {
            losses: Tensor::cat(vec![all.losses, next.losses], 0),
            logits: Tensor::cat(vec![all.logits, next.logits], 0),
            targets: Tensor::cat(vec![all.targets, next.targets], 0),
        })
    }

    fn without_autodiff(self) -> Self {
        Self {
            losses: self.losses.without_autodiff(),
            logits: self.logits.without_autodiff(),
            targets: self.targets.without_autodiff(),
        }
    }
}

impl ItemLazy for Outcome {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.losses.device().flush()?;
        Ok(self.without_autodiff())
    }
}

impl Adaptor<LossInput> for Outcome {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.losses.clone())
    }
}

impl Adaptor<AccuracyInput> for Outcome {
    fn adapt(&self) -> AccuracyInput {
        AccuracyInput::new(self.logits.clone(), self.targets.clone())
    }
}

impl Adaptor<TopKAccuracyInput> for Outcome {
    fn adapt(&self) -> TopKAccuracyInput {
        TopKAccuracyInput::new(self.logits.clone(), self.targets.clone())
    }
}

impl<M: Classifier> Module for Trainee<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.model.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.map_model(|model| model.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.map_model(|model| model.to_device(device))
    }

    fn train(self) -> Self {
        self.map_model(Module::train)
    }

    fn valid(&self) -> Self {
        self.with_model(self.model.valid())
    }

    fn materialize(self) -> Self {
        self.map_model(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.model.visit(visitor);
    }

    fn map<P: ModuleMapper>(self, mapper: &mut P) -> Self {
        self.map_model(|model| model.map(mapper))
    }
}

impl<M: Classifier> std::fmt::Display for Trainee<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&ModuleDisplay::format(&self.model, Default::default()))
    }
}

impl<M: Classifier> ModuleDisplayDefault for Trainee<M> {
    fn content(&self, content: Content) -> Option<Content> {
        self.model.content(content)
    }
}

impl<M: Classifier> ModuleDisplay for Trainee<M> {}
