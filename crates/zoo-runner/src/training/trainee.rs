//! A classifier in training: the only place where a loss meets a model.

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

use super::{clip::clip_grad_norm, loss::cross_entropy};
use crate::model::Classifier;

/// A model with its loss. The [`Module`] impl only delegates, so that parameter paths are the
/// model's own: a derived wrapper would put its field name before every path in every checkpoint.
#[derive(Clone, Debug)]
pub struct Trainee<M> {
    /// The network.
    pub model: M,
    /// Label smoothing during training.
    pub label_smoothing: f64,
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
}

impl<M: Classifier> Trainee<M> {
    fn classify(&self, batch: Batch, label_smoothing: f64) -> Outcome {
        let logits = self.model.forward(batch.images);
        let losses = cross_entropy(logits.clone(), batch.targets.clone(), label_smoothing);
        Outcome { losses, logits, targets: batch.targets }
    }
}

impl<M: Classifier> TrainStep for Trainee<M> {
    type Input = Batch;
    type Output = Outcome;

    fn step(&self, batch: Batch) -> TrainOutput<Outcome> {
        let outcome = self.classify(batch, self.label_smoothing);
        let gradients = outcome.losses.clone().mean().backward();
        // What goes to the metrics must not keep the graph, and with it the weights, in use: an
        // optimizer works in place only on weights that are its own.
        TrainOutput::new(self, gradients, outcome.without_autodiff())
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
        self.classify(batch, 0.0)
    }
}

impl Outcome {
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
        Self { model: self.model.valid(), ..*self }
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
